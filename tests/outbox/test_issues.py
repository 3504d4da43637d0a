"""Issues are opened, changed and closed by the outbox, and each of them is there once."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, delete

from bot.github.issue import ClosedBecause, IssueRequest
from bot.outbox.issue import LABEL, HiddenKey, Issue
from bot.outbox.remark import Remark
from bot.simulated.github import Issue as IssueSeen
from bot.store.tables import Notice
from tests.outbox.office import START, Died, Office

ACME = Issue("agency/backend", "drift acme")


def words(
    title: str = "acme",
    *,
    target: Issue = ACME,
    labels: tuple[str, ...] = (LABEL,),
    closed: ClosedBecause | None = None,
    at: datetime = START,
) -> IssueRequest:
    return IssueRequest(title, f"{target.hidden}\n\n{title}\n", labels, closed, at)


def issues(office: Office) -> list[IssueSeen]:
    """The bot's issues, the oldest first."""
    found = office.agency.repository.issues.values()
    return [each for each in found if each.author is office.agency.bot]


def seen(office: Office) -> list[tuple[str, str, str | None]]:
    return [(each.title, each.state, each.state_reason) for each in issues(office)]


async def forgets_everything(office: Office) -> None:
    """Let the store know nothing of what was told."""

    def forget(session: Session) -> None:
        session.exec(delete(Notice))

    await office.database.write(forget)


async def test_an_issue_is_opened_changed_closed_and_opened_again(office: Office) -> None:
    told = []
    for request in (
        words("one"),
        words("two", labels=(LABEL, "orbits: critical")),
        words("three", closed="completed"),
        words("four", at=START + timedelta(hours=1)),
    ):
        await office.due(ACME, request, final=False)
        await office.settles()
        told += seen(office)

    assert told == [
        ("one", "open", None),
        ("two", "open", None),
        ("three", "closed", "completed"),
        ("four", "open", "reopened"),
    ]
    assert office.writes == ["POST issues", "PATCH issues", "PATCH issues", "PATCH issues"]


async def test_labels_that_people_gave_stay(office: Office) -> None:
    await office.due(ACME, words(labels=(LABEL, "orbits: critical", "ops")))
    await office.settles()
    (issue,) = issues(office)
    repository = office.agency.repository
    await office.maya.labels(repository, issue, *[each.name for each in issue.labels], "for rowan")

    await office.due(ACME, words("two", labels=(LABEL, "orbits: notice", "ops")))
    await office.settles()

    assert {each.name for each in issue.labels} == {"ops", "for rowan", LABEL, "orbits: notice"}


async def test_what_is_said_already_is_not_written_again(office: Office) -> None:
    for _ in range(3):
        await office.due(ACME, words())
        await office.settles()
    assert office.writes == ["POST issues"]


@pytest.mark.parametrize("outage", ["lost", "died"])
async def test_an_issue_is_there_once_whatever_becomes_of_the_answer(
    office: Office, outage: str
) -> None:
    await office.due(ACME, words())
    if outage == "lost":
        office.github.outages.lose_answer("POST", "/issues$", times=2)
        await office.passes(timedelta(minutes=10))
    else:
        office.road.kills_after("/issues$")
        with pytest.raises(BaseExceptionGroup) as died:
            await office.settles()
        assert died.group_contains(Died)
        office.restart()
        await office.settles()

    assert seen(office) == [("acme", "open", None)]


async def test_a_store_without_the_row_finds_the_issue_and_goes_on_with_it(office: Office) -> None:
    await office.due(ACME, words("one"))
    await office.settles()
    await forgets_everything(office)

    await office.due(ACME, words("two"))
    await office.settles()

    assert seen(office) == [("two", "open", None)]


async def test_of_several_the_newest_is_gone_on_with(office: Office) -> None:
    second = Issue("agency/backend", "drift acme", 2)
    for target in (ACME, second):
        await office.due(target, words(target=target))
        await office.settles()
    await forgets_everything(office)

    await office.due(ACME, words("found"))
    await office.settles()

    assert [title for title, _, _ in seen(office)] == ["acme", "found"]


async def test_another_one_is_opened_where_the_first_is_not_meant(office: Office) -> None:
    globex = Issue("agency/backend", "drift globex")
    second = Issue("agency/backend", "drift acme", 2)
    for target in (ACME, globex, second):
        await office.due(target, words(target.subject, target=target))
        await office.settles()

    assert [title for title, _, _ in seen(office)] == ["drift acme", "drift globex", "drift acme"]


async def test_one_that_was_closed_long_ago_is_left_alone(office: Office) -> None:
    await office.due(ACME, words("one"))
    await office.settles()
    await office.due(ACME, words("over", closed="completed"))
    await office.settles()
    await forgets_everything(office)
    await office.passes(timedelta(days=15))

    again = Issue("agency/backend", "drift acme", since=office.clock.now().isoformat())
    await office.due(again, words("two"))
    await office.settles()

    assert seen(office) == [("over", "closed", "completed"), ("two", "open", None)]


@pytest.mark.parametrize("how", ["deleted", "transferred"])
async def test_a_lost_issue_is_opened_anew_while_it_is_wanted(office: Office, how: str) -> None:
    repository = office.agency.repository
    repository.allow(office.maya, "admin")
    await office.due(ACME, words("one"))
    await office.settles()
    (issue,) = issues(office)
    if how == "deleted":
        await office.maya.deletes_issue(issue)
    else:
        other = await office.github.organization("agency").create_repository("other", {"a": "a\n"})
        other.allow(office.maya, "write")
        await office.maya.transfers(issue, other)

    await office.due(ACME, words("two"))
    await office.settles()
    assert seen(office) == [("two", "open", None)]
    await office.maya.deletes_issue(issues(office)[0])

    await office.due(ACME, words("over", closed="completed"))
    await office.passes(timedelta(hours=1))
    assert seen(office) == []


async def test_who_closes_it_later_than_it_was_wanted_keeps_it_closed(office: Office) -> None:
    await office.due(ACME, words("one"))
    await office.settles()
    (issue,) = issues(office)
    office.clock.pass_by(timedelta(minutes=5))
    await office.maya.closes(issue, "not_planned")

    await office.due(ACME, words("two"))
    await office.settles()
    assert seen(office) == [("two", "closed", "not_planned")]

    office.clock.pass_by(timedelta(minutes=5))
    await office.due(ACME, words("three", at=office.clock.now()))
    await office.settles()
    assert seen(office) == [("three", "open", "reopened")]


async def test_where_issues_are_switched_off_it_is_given_up_and_said_why(office: Office) -> None:
    office.agency.repository.has_issues = False
    await office.due(ACME, words())
    await office.passes(timedelta(days=1))

    row = await office.row(ACME)
    assert (row.given_up, office.writes) == (True, ["POST issues"])
    assert row.problem == (
        "GitHub answered 410 to POST /repos/agency/backend/issues. Issues are switched off in "
        "agency/backend. Switch them on in its settings, or name another repository in its "
        "`orbits.toml`, under `[drift]`."
    )


async def test_a_remark_is_made_once_even_where_the_store_forgot_it(office: Office) -> None:
    await office.due(ACME, words())
    await office.settles()
    (issue,) = issues(office)
    remark = Remark("agency/backend", issue.number, "drift/acme/1/1-changed-abc")
    office.github.outages.lose_answer("POST", "/comments$")

    for _ in range(2):
        await forgets_everything(office)
        await office.say(remark, "It changed.")
        await office.passes(timedelta(minutes=5))

    assert [each.body for each in issue.comments] == [
        "<!-- orbits: drift/acme/1/1-changed-abc -->\n\nIt changed."
    ]


async def test_a_remark_under_an_issue_that_is_gone_is_given_up(office: Office) -> None:
    remark = Remark("agency/backend", 4711, "drift/acme/1/1-changed-abc")
    await office.say(remark, "It changed.")
    await office.passes(timedelta(days=1))

    row = await office.row(remark)
    assert (row.given_up, row.attempts) == (True, 3)


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (ACME.hidden, HiddenKey("drift acme")),
        (f"\n{ACME.hidden}\r\n\r\nwords", HiddenKey("drift acme")),
        ("<!-- orbits: drift acme, issue 12 -->\nwords", HiddenKey("drift acme", 12)),
        ("<!-- orbits: drifts of a/b-c.d -->", HiddenKey("drifts of a/b-c.d")),
        (f"> {ACME.hidden}", None),
        ("<!-- orbits: drift acme", None),
        (None, None),
    ],
)
def test_an_issue_is_known_by_the_first_line_of_its_body(
    body: str | None, key: HiddenKey | None
) -> None:
    assert HiddenKey.of(body) == key
