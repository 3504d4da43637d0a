"""A rollout that fails is heard of in Slack: one message, edited to its end, whatever happens."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import Session

from bot.demo.changes import ONE_ACCOUNT_PER_EMAIL, REMEMBER_PHONE, ProposedChange
from bot.simulated.serving import serving
from bot.simulated.slack import Channel, Message, SimulatedSlack
from bot.store.tables import Notice
from tests.alerts.newsroom import answers
from tests.stories.conftest import NewWorld
from tests.stories.world import Merge, World

THREE = ("acme", "globex", "initech")
POLICY = """
[rollout]
waves = ["initech", "rest"]
bake = "30m"

[[alerts]]
to = "slack:#deploys"
tenants = "initech"
mention = "here"
"""
CALLING = ProposedChange("One account <!channel>", ONE_ACCOUNT_PER_EMAIL.files)


class Office:
    """The world, and the Slack that its bot is in."""

    def __init__(self, world: World, slack: SimulatedSlack) -> None:
        self.world = world
        self.slack = slack
        self.app = slack.app("Orbits")
        self.deploys: Channel = slack.channel("deploys")
        self.app.join(self.deploys)

    async def uses_the_app(self) -> None:
        await self.world.is_set_up(
            slack_bot_token=SecretStr(self.app.token),
            slack_channel="deploys",
            slack_api_url=self.slack.api_url,
        )

    async def fails(self, change: ProposedChange = ONE_ACCOUNT_PER_EMAIL) -> Merge:
        """Merge a change that does not fit initech's data."""
        await self.world.merges(REMEMBER_PHONE)
        await self.world.settles()
        await self.world.agency.import_customers_twice()
        merge = await self.world.merges(change)
        await self.world.settles()
        await self.sweeps()
        return merge

    async def sweeps(self) -> None:
        """Let what was left be looked at again, as every half minute."""
        await self.world.process.sweeps()
        await self.world.settles()

    async def passes(self, time: timedelta) -> None:
        """Let time go by in pieces, as it does."""
        for _ in range(4):
            await self.world.passes(time / 4)
            await self.sweeps()

    @property
    def message(self) -> Message:
        (message,) = self.deploys.messages
        return message


@pytest.fixture
async def office(new_world: NewWorld) -> AsyncIterator[Office]:
    world = await new_world(THREE)
    slack = SimulatedSlack(clock=world.clock.now)
    async with serving(slack.asgi) as address:
        slack.address = address
        office = Office(world, slack)
        await office.uses_the_app()
        yield office
        await world.stop()


async def test_a_rollout_that_fails_is_one_message_edited_to_its_end(office: Office) -> None:
    world = office.world
    await world.maya.pushes(world.backend, {"orbits.toml": POLICY})
    second = await office.fails(CALLING)

    first = office.message
    assert first.text == f"❌ backend → {second.short}: 0 of 3 tenants updated, 1 failed, 2 queued"
    assert first.mentions == ["<!here>"]
    said = answers(first)
    assert said["For whom"] == "initech"
    assert said["Since"] == f'#{second.pull.number} "One account &lt;!channel&gt;"'
    assert said["By"] == "maya"
    assert said["Still spreading"].startswith("yes, 2 still to go · wave 2 of 2 · pauses until")

    await office.passes(timedelta(minutes=31))

    assert office.message.text == f"❌ backend → {second.short}: 2 of 3 tenants updated, 1 failed"
    said = answers(office.message)
    assert (said["Still spreading"], said["Type now"].partition(": ")[2]) == (
        "no, it has ended",
        "/orbits retry initech or /orbits rollback",
    )
    assert office.message.mentions == []
    (reply,) = office.message.replies
    assert re.sub(r"`python3.*` ended|(?<=run )\w+", "", reply.text).startswith(
        "initech: step `sql-migrate`:  with status 3 · rolled back to "
    )
    assert "UNIQUE constraint failed: customers.email" in reply.blocks[1]["text"]["text"]
    assert [each.mentions for each in office.deploys.everything] == [[], []]


async def test_silence_where_all_goes_well(office: Office) -> None:
    await office.world.merges(REMEMBER_PHONE)
    await office.world.settles()
    await office.sweeps()

    assert office.slack.requests == []


@pytest.mark.thorough
async def test_retried_it_recovers(office: Office) -> None:
    merge = await office.fails()
    office.world.merge_customers("initech")

    await office.world.types(merge.pull, "/orbits retry initech")
    await office.sweeps()

    assert office.message.text == f"✅ backend → {merge.short}: 3 of 3 tenants updated"
    assert len(office.message.replies) == 1
    assert office.message.mentions == []


@pytest.mark.thorough
async def test_slack_is_down_while_the_bot_deploys_and_starts_anew(office: Office) -> None:
    office.slack.outages.fail(times=None, status=503)
    merge = await office.fails()
    await office.passes(timedelta(minutes=40))
    assert office.world.check(merge.sha).conclusion == "failure"
    told = office.world.written(office.world.check(merge.sha))[1]
    assert "⚠️ The alert could not be sent to Slack" in told

    await office.world.restart()
    office.slack.outages.end()
    await office.passes(timedelta(minutes=40))

    assert office.message.text == f"❌ backend → {merge.short}: 2 of 3 tenants updated, 1 failed"
    assert len(office.message.replies) == 1
    assert "could not be sent" not in office.world.written(office.world.check(merge.sha))[1]


@pytest.mark.thorough
async def test_started_anew_it_goes_on_with_the_same_message(office: Office) -> None:
    merge = await office.fails()
    await office.world.restart()
    office.world.merge_customers("initech")

    await office.world.types(merge.pull, "/orbits retry initech")
    await office.sweeps()

    assert office.message.text == f"✅ backend → {merge.short}: 3 of 3 tenants updated"


@pytest.mark.thorough
async def test_by_an_incoming_webhook_it_is_told_once(office: Office) -> None:
    hook = office.app.webhook(office.deploys)
    await office.world.is_set_up(slack_webhook_url=SecretStr(hook.url))

    merge = await office.fails()

    assert office.deploys.messages[-1].text == (
        f"❌ backend → {merge.short}: 2 of 3 tenants updated, 1 failed"
    )
    assert len(office.deploys.messages) <= 2


async def test_a_bug_of_the_bots_own_is_told_without_a_value(
    office: Office, logged: list[Any]
) -> None:
    def nonsense(session: Session) -> None:
        target = {"repository": "agency/backend", "comment": 1, "content": "eyes"}
        notice = Notice(key="x", account="agency", kind="reaction", target=target, rank=0)
        notice.source = "hunter22:1"
        session.add(notice)

    await office.world.operator_runs(nonsense)
    await office.world.until(lambda _: bool(office.deploys.messages))

    assert office.message.text == "🐞 Orbits itself has a problem: notice_not_told"
    what = answers(office.message)["What"]
    assert re.sub(r"\d+", "1", what) == "`KeyError` at bot/outbox/rendering.py, line 1"
    assert "hunter22" not in str(office.message.blocks)
    logged.clear()
