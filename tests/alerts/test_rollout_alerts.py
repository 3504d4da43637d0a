"""One message for each rollout that fails, edited to its end, and silence about what goes well."""

from datetime import timedelta

from bot.states import State
from tests.alerts.newsroom import Newsroom, answers

OK, FAILED, QUEUED, HELD = State.SUCCEEDED, State.FAILED, State.QUEUED, State.HELD
MENTIONS = """
[[alerts]]
to = "slack:#deploys"
tenants = "ring:production"
mention = "here"
"""


async def test_what_goes_well_is_not_told(room: Newsroom) -> None:
    await room.rollout({"acme": QUEUED, "globex": OK})
    await room.rollout({"acme": OK, "globex": OK}, OK)

    assert room.slack.requests == []


async def test_a_rollout_that_fails_is_one_message_edited_to_its_end(room: Newsroom) -> None:
    await room.rollout({"acme": FAILED, "globex": OK, "hooli": QUEUED})
    assert room.title == "❌ backend → a1b2c3d: 1 of 3 tenants updated, 1 failed, 1 queued"
    assert answers(room.message) == {
        "What": "step `sql-migrate`: status 3",
        "For whom": "acme",
        "Since": '#381 "Use new session store"',
        "By": "maria",
        "Still spreading": "yes, 1 still to go",
        "Done by itself": "rolled acme back to 9f8e7d6",
        "Type now": "on agency/backend#381: /orbits pause or /orbits cancel",
    }

    await room.rollout({"acme": FAILED, "globex": OK, "hooli": OK}, FAILED)
    assert answers(room.message)["Still spreading"] == "no, it has ended"
    assert answers(room.message)["Type now"] == (
        "on agency/backend#381: /orbits retry acme or /orbits rollback"
    )

    await room.rollout({"acme": QUEUED, "globex": OK, "hooli": OK}, QUEUED, leg=2)
    assert room.title == "🔄 backend → a1b2c3d: 2 of 3 tenants updated, 1 queued"

    await room.rollout({"acme": OK, "globex": OK, "hooli": OK}, OK, leg=2)
    assert room.title == "✅ backend → a1b2c3d: 3 of 3 tenants updated"
    assert room.message.edits == 3


async def test_each_failed_tenant_is_told_in_the_thread_and_stays_there(room: Newsroom) -> None:
    await room.rollout({"acme": FAILED, "globex": FAILED}, FAILED)
    await room.rollout({"acme": OK, "globex": FAILED}, FAILED, leg=2)

    assert room.replies == [
        "acme: step `sql-migrate`: status 3 · rolled back to 9f8e7d6",
        "globex: step `sql-migrate`: status 3 · rolled back to 9f8e7d6",
    ]
    assert room.message.replies[0].blocks[1]["text"]["text"] == "```\nERROR of acme\n```"


async def test_above_twenty_the_others_are_counted(room: Newsroom) -> None:
    many = {f"shop-{number:02}": FAILED for number in range(23)}
    await room.rollout(many, FAILED)
    await room.passes(timedelta(minutes=1))

    assert len(room.replies) == 21
    assert room.replies[-1] == "3 others: shop-20, shop-21, shop-22"


async def test_what_was_rolled_back_says_so(room: Newsroom) -> None:
    await room.rollout({"acme": FAILED, "globex": OK}, FAILED)
    await room.rollout({"acme": State.ROLLED_BACK, "globex": State.ROLLED_BACK}, State.ROLLED_BACK)

    assert room.title == "↩️ backend → a1b2c3d: 0 of 2 tenants updated, 2 rolled back"


async def test_what_came_right_before_anybody_heard_of_it_is_not_told(room: Newsroom) -> None:
    room.slack.outages.fail(times=None)
    await room.rollout({"acme": FAILED})
    room.slack.outages.end()
    await room.rollout({"acme": OK}, OK, leg=2)
    await room.passes(timedelta(hours=1))

    assert room.deploys.messages == []


async def test_somebody_is_called_once_for_the_first_failure_in_production(
    room: Newsroom,
) -> None:
    await room.tenants(acme="production", globex="production")
    await room.rollout({"acme": FAILED, "globex": QUEUED}, policy=MENTIONS)
    assert room.message.mentions == ["<!here>"]

    await room.rollout({"acme": FAILED, "globex": FAILED}, FAILED, policy=MENTIONS)
    await room.passes(timedelta(minutes=1))

    assert [message.mentions for message in room.deploys.everything] == [[], [], []]
    assert room.message.edits == 1


async def test_a_failure_in_production_after_one_elsewhere_calls_somebody_in_the_thread(
    room: Newsroom,
) -> None:
    await room.tenants(acme="production", globex="canary", hooli="production")
    await room.rollout({"acme": QUEUED, "globex": FAILED, "hooli": QUEUED}, policy=MENTIONS)
    assert room.message.mentions == []

    await room.rollout({"acme": FAILED, "globex": FAILED, "hooli": QUEUED}, policy=MENTIONS)
    await room.passes(timedelta(minutes=1))
    await room.rollout({"acme": FAILED, "globex": FAILED, "hooli": FAILED}, policy=MENTIONS)
    await room.passes(timedelta(minutes=1))

    calls = [each for each in room.deploys.everything if each.broadcast]
    assert len(calls) == 1
    assert room.deploys.messages[0].mentions == []
    assert [content.blocks[1]["text"]["text"] for content in calls[0].earlier[:1]] == ["<!here>"]


async def test_a_title_that_calls_everybody_calls_nobody(room: Newsroom) -> None:
    await room.rollout({"acme": FAILED}, FAILED, title="<!channel> *now* <https://evil.test|x>")

    assert room.message.mentions == []
    assert answers(room.message)["Since"] == (
        '#381 "&lt;!channel&gt; *now* &lt;https:\u200b//evil.test|x&gt;"'
    )


async def test_a_route_names_another_channel(room: Newsroom) -> None:
    oncall = room.slack.channel("oncall")
    room.app.join(oncall)
    policy = '[[alerts]]\nto = "slack:#oncall"\ntenants = "ring:production"'
    await room.tenants(acme="production", globex="canary")

    await room.rollout({"globex": FAILED}, FAILED, policy=policy)
    assert (len(room.deploys.messages), oncall.messages) == (1, [])
    await room.rollout({"acme": FAILED}, FAILED, name="8", policy=policy)
    assert (len(room.deploys.messages), len(oncall.messages)) == (2, 1)
    await room.rollout({"acme": OK}, OK, name="8", policy=policy, leg=2)
    assert oncall.messages[0].text == "✅ backend → a1b2c3d: 1 of 1 tenant updated"
