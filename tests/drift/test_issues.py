"""A drift has an issue, which people close, open, and type commands on; stories on rows."""

from datetime import timedelta

import pytest

from bot.simulated.github import Issue
from tests.drift.bureau import Bureau

ANSWER = "<!-- orbits: answer to "
NEXT = (
    "Next: `/orbits drift fix` · `/orbits drift ack --until 3d` · `/orbits drift ignore` · "
    "`/orbits drift check`\n"
)


async def drifts(bureau: Bureau, **changed: str) -> Issue:
    """Somebody changes acme by hand, and two looks find it."""
    bureau.world["acme"] = changed or {"files/app.conf": "port=8080"}
    for _ in range(2):
        await bureau.looks("acme")
    await bureau.writes()
    return bureau.issues("acme")[-1]


async def cannot_be_looked_at(bureau: Bureau, tenant: str) -> None:
    """So many looks at a tenant fail that it is told."""
    bureau.broken.add(tenant)
    for _ in range(3):
        await bureau.looks(tenant)
    await bureau.writes()


def is_open(issue: Issue) -> bool:
    return issue.state == "open"


async def types(bureau: Bureau, issue: Issue, line: str) -> str:
    """Maya types a command, and is answered."""
    await bureau.maya.comments(issue, line)
    await bureau.hears()
    await bureau.writes()
    answers = [each for each in bureau.remarks(issue) if each.startswith(ANSWER)]
    return answers[-1].partition("-->")[2].strip()


def remarks(bureau: Bureau, issue: Issue) -> list[str]:
    """What the bot said under an issue by itself."""
    said = [each for each in bureau.remarks(issue) if not each.startswith(ANSWER)]
    return [each.partition("-->")[2].strip() for each in said]


async def test_an_issue_is_opened_when_it_is_found_twice_in_a_row(bureau: Bureau) -> None:
    bureau.world["acme"] = {"files/app.conf": "port=8080"}
    await bureau.looks("acme")
    await bureau.writes()
    assert bureau.issues() == []

    await bureau.looks("acme")
    await bureau.writes()

    (issue,) = bureau.issues()
    assert issue.title == "acme is not as it should be"
    assert [each.name for each in issue.labels] == ["orbits: drift", "orbits: warning"]
    assert issue.body == (
        "<!-- orbits: drift acme -->\n"
        "\n"
        "### acme is not as it should be: 1 difference\n"
        "Since 2026-11-02 09:30 UTC · `backend` should be at a1b2c3d\n"
        "\n"
        "| Path | Desired | Observed |\n"
        "|---|---|---|\n"
        "| ⚠️ `files/app.conf` | `as it was` | `port=8080` |\n"
        "\n" + NEXT
    )


async def test_nothing_is_written_while_nothing_changes(bureau: Bureau) -> None:
    await drifts(bureau)
    before = bureau.written

    for _ in range(5):
        await bureau.looks("acme")
        await bureau.writes(timedelta(hours=3))
    await bureau.crash()
    await bureau.outbox.sweep()
    await bureau.writes()

    assert bureau.written == before


async def test_what_changes_is_said_once_in_a_remark(bureau: Bureau) -> None:
    issue = await drifts(bureau, a="1", b="1")
    bureau.world["acme"] = {"b": "2", "c": "1"}
    await bureau.looks("acme")
    await bureau.looks("acme")
    await bureau.writes()

    (remark,) = remarks(bureau, issue)
    assert remark == (
        "What differs has changed: 1 new, 1 changed, 1 as desired again; 2 differences now.\n"
        "\n"
        "- new: `c`\n"
        "- changed: `b`\n"
        "- as desired again: `a`"
    )
    assert "| ⚠️ `c` | `as it was` | `1` |" in issue.body


async def test_it_is_closed_when_nothing_differs_and_opened_again_when_it_does(
    bureau: Bureau,
) -> None:
    issue = await drifts(bureau)
    bureau.world.clear()
    await bureau.looks("acme")
    await bureau.writes()

    assert (issue.state, issue.state_reason) == ("closed", "completed")
    assert remarks(bureau, issue) == [
        "Clean since 2026-11-02 09:30 UTC: a look found nothing that differs."
    ]
    again = await drifts(bureau)
    assert again is issue
    assert is_open(again)
    assert remarks(bureau, issue)[1:] == ["It drifts again: 1 difference."]


async def test_long_after_that_it_is_another_issue(bureau: Bureau) -> None:
    first = await drifts(bureau)
    bureau.world.clear()
    await bureau.looks("acme")
    await bureau.writes(timedelta(days=20))
    bureau.clock.pass_by(timedelta(days=20))

    second = await drifts(bureau)

    assert (first.state, second.state) == ("closed", "open")
    assert second.body.startswith("<!-- orbits: drift acme, issue 2 -->\n")


async def test_closed_by_hand_it_is_known_until_it_changes(bureau: Bureau) -> None:
    issue = await drifts(bureau)
    bureau.clock.pass_by(timedelta(minutes=5))
    await bureau.maya.closes(issue)
    await bureau.hears()
    await bureau.hears_again()
    await bureau.looks("acme")
    await bureau.writes()

    assert (issue.state, issue.state_reason) == ("closed", "not_planned")
    assert "Acknowledged by maya, by closing this issue, until it changes." in issue.body
    bureau.clock.pass_by(timedelta(minutes=5))
    bureau.world["acme"] = {"files/app.conf": "port=9090"}
    await bureau.looks("acme")
    await bureau.writes()
    await bureau.hears_again()
    assert issue.state == "open"
    row = await bureau.row("acme")
    assert row is not None
    assert row.phase == "open"


async def test_opened_by_hand_it_counts_until_a_look_says_otherwise(bureau: Bureau) -> None:
    issue = await drifts(bureau)
    await types(bureau, issue, "/orbits drift ignore")
    assert not is_open(issue)
    await bureau.maya.reopens(issue)
    await bureau.hears()
    await bureau.writes()

    assert is_open(issue)
    row = await bureau.row("acme")
    assert row is not None
    assert row.phase == "open"


@pytest.mark.parametrize("told", [True, False])
async def test_a_deleted_issue_is_made_anew_while_it_drifts(bureau: Bureau, told: bool) -> None:
    await bureau.maya.deletes_issue(await drifts(bureau))
    if told:
        await bureau.hears()
        await bureau.hears_again()
    await bureau.settles()

    (issue,) = bureau.issues()
    assert (issue.state, issue.number) == ("open", 2)


async def test_a_cycle_that_cannot_run_is_told_and_ends_without_drift(bureau: Bureau) -> None:
    issue = await drifts(bureau)
    await cannot_be_looked_at(bureau, "acme")
    bureau.world.clear()

    assert (issue.state, issue.title) == ("open", "acme is not as it should be")
    assert "The cycle could not run since 2026-11-02 09:30 UTC. This does not mean" in issue.body
    assert "orbits: unable" in [each.name for each in issue.labels]
    bureau.broken.clear()
    await bureau.looks("acme")
    await bureau.writes()
    assert issue.state == "closed"
    assert [each.name for each in issue.labels] == ["orbits: drift"]


async def test_a_tenant_without_drift_has_an_issue_while_it_cannot_be_looked_at(
    bureau: Bureau,
) -> None:
    await cannot_be_looked_at(bureau, "globex")
    (issue,) = bureau.issues("globex")
    said = issue.title, issue.state, [each.name for each in issue.labels]
    assert said == (
        "globex cannot be looked at for drift",
        "open",
        ["orbits: drift", "orbits: unable"],
    )

    bureau.broken.clear()
    await bureau.looks("globex")
    await bureau.writes()

    assert (issue.title, issue.state) == ("globex cannot be looked at for drift", "closed")


async def test_a_store_put_back_to_before_the_issue_has_it_closed_when_it_is_over(
    bureau: Bureau,
) -> None:
    bureau.back_up()
    issue = await drifts(bureau)
    await bureau.restore()
    bureau.world.clear()

    await bureau.settles()

    assert issue.state == "closed"


async def test_a_store_put_back_goes_on_with_the_issue_that_is_there(bureau: Bureau) -> None:
    bureau.back_up()
    issue = await drifts(bureau)
    await bureau.restore()

    await bureau.settles()

    assert bureau.issues() == [issue]
    assert issue.state == "open"


# Commands


async def test_acknowledged_it_stays_open_and_says_by_whom(bureau: Bureau) -> None:
    issue = await drifts(bureau)

    answer = await types(
        bureau, issue, "/orbits drift ack --until 3d --reason 'the client is told'"
    )

    assert answer == "@maya Acknowledged until 2026-11-05 09:30 UTC, or until it changes: `acme`."
    assert issue.state == "open"
    assert "Acknowledged by maya until 2026-11-05 09:30 UTC: the client is told" in issue.body
    assert "orbits: acknowledged" in [each.name for each in issue.labels]
    bureau.clock.pass_by(timedelta(days=4))
    await bureau.looks("acme")
    await bureau.writes()
    assert remarks(bureau, issue) == [
        "The time for which this was acknowledged is over, and it is still so."
    ]


async def test_accepted_it_is_closed_until_something_else_differs(bureau: Bureau) -> None:
    issue = await drifts(bureau)

    answer = await types(bureau, issue, "/orbits drift ignore --reason 'a test of theirs'")

    assert answer == (
        "@maya Accepted as it is: `acme`. The issue is closed; what differs in another way later "
        "is told again."
    )
    await bureau.looks("acme")
    await bureau.looks("acme")
    await bureau.writes()
    assert (issue.state, issue.state_reason) == ("closed", "not_planned")
    await drifts(bureau, other="1")
    assert issue.state == "open"


async def test_a_repair_is_begun_and_the_look_after_it_closes_the_issue(bureau: Bureau) -> None:
    issue = await drifts(bureau)

    preview = await types(bureau, issue, "/orbits drift fix --dry-run")
    answer = await types(bureau, issue, "/orbits drift fix")
    again = await types(bureau, issue, "/orbits drift fix")

    assert preview == (
        "@maya This would be repaired; nothing was started:\n\n- `acme`: 1 difference"
    )
    assert answer == (
        "@maya Repairing `acme`: what is recorded is brought about again, and looked at. The issue "
        "is closed when nothing differs any more."
    )
    assert again == "@maya `acme` is being repaired already. Nothing was started."
    assert "It was tried 1 time to repair this, last for maya: that goes on." in issue.body
    await bureau.carries_out()
    await bureau.writes()
    assert issue.state == "closed"
    assert remarks(bureau, issue) == ["Clean since 2026-11-02 09:30 UTC: fixed by @maya."]


async def test_it_is_looked_at_when_somebody_asks_for_it(bureau: Bureau) -> None:
    issue = await drifts(bureau)

    answer = await types(bureau, issue, "/orbits drift check")

    assert answer == "@maya Looking now at `acme`. What differs is told here."


async def test_status_and_explain_tell_of_the_tenant(bureau: Bureau) -> None:
    issue = await drifts(bureau)

    status = await types(bureau, issue, "/orbits status")
    explain = await types(bureau, issue, "/orbits explain")

    assert status == (
        "@maya ### acme is not as it should be: 1 difference\n"
        "Since 2026-11-02 09:30 UTC · `backend` should be at a1b2c3d\n"
        "\n"
        "| Path | Desired | Observed |\n"
        "|---|---|---|\n"
        "| ⚠️ `files/app.conf` | `as it was` | `port=8080` |\n"
        "\n"
        f"{NEXT}\n"
        "Looked at last at 2026-11-02 09:30 UTC."
    )
    assert explain.split("\n")[:4] == [
        "@maya What acme is compared with:",
        "",
        "- `backend` should be at a1b2c3d, which it got last",
        "- it is told when it is found 2 times in a row",
    ]


async def test_a_hold_is_placed_on_an_issue_as_elsewhere(bureau: Bureau) -> None:
    issue = await drifts(bureau)

    held = await types(bureau, issue, "/orbits hold acme --reason 'their fair'")
    lifted = await types(bureau, issue, "/orbits unhold acme")

    assert held == "@maya Held: `acme`. Later merges leave `backend` as it is there."
    assert lifted.startswith("@maya Let go: `acme`.")


async def test_what_is_for_pull_requests_is_refused_on_an_issue(bureau: Bureau) -> None:
    issue = await drifts(bureau)
    assert await types(bureau, issue, "/orbits deploy") == (
        "@maya `/orbits deploy` is for a pull request, and this is a drift issue. Comment it "
        "there. Nothing was started."
    )


async def test_who_may_not_is_refused_and_nothing_happens(bureau: Bureau) -> None:
    issue = await drifts(bureau)
    rowan = bureau.github.user("rowan")
    bureau.repository.allow(rowan, "read")

    await rowan.comments(issue, "/orbits drift fix")
    await bureau.hears()
    await bureau.writes()

    (answer,) = bureau.remarks(issue)
    assert answer.partition("-->")[2].strip() == (
        "@rowan, `/orbits drift fix` needs the write role on this repository; yours is read. "
        "Nothing was started."
    )


async def test_a_command_on_an_issue_that_the_store_forgot_is_carried_out(bureau: Bureau) -> None:
    bureau.back_up()
    issue = await drifts(bureau)
    await bureau.restore()

    answer = await types(bureau, issue, "/orbits drift check")

    assert answer == "@maya Looking now at `acme`. What differs is told here."


async def test_comments_on_other_issues_are_nobodys_business(bureau: Bureau) -> None:
    issue = await bureau.maya.opens_issue(bureau.repository, "Lunch?")
    await bureau.maya.comments(issue, "/orbits drift fix")
    asked = len(bureau.github.requests)
    await bureau.maya.comments(issue, "Noodles.")
    await bureau.maya.closes(issue)
    await bureau.hears()
    await bureau.writes()

    assert bureau.remarks(issue) == []
    paths = [each.path for each in bureau.github.requests[asked:]]
    assert [path for path in paths if "issues" in path] == ["/repos/agency/backend/issues/1"]
