"""What GitHub refuses: waited for, told elsewhere, given up; never tried for ever."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from bot.outbox.budget import Pace, Rank
from tests.outbox.office import MARKER, START, Office

HELLO, BYE = f"{MARKER}\nhello", f"{MARKER}\nbye"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DAYS = timedelta(days=3)


async def test_one_account_is_silent_as_long_as_github_asks_and_the_other_goes_on(
    office: Office,
) -> None:
    office.github.outages.slow_down("POST", "/repos/agency/", retry_after="120")
    for account in office.accounts.values():
        await office.due(account.check(), "all is well")
        await office.due(account.comment, HELLO)
    await office.passes(MINUTE)
    office.restart()
    await office.passes(timedelta(seconds=50))
    assert (office.agency.checks, office.agency.said) == ([], [])
    assert (len(office.studio.checks), office.studio.said) == (1, [HELLO])

    await office.passes(timedelta(seconds=15))

    assert (len(office.agency.checks), office.agency.said) == (1, [HELLO])
    to_agency = [each for each in office.road.sent if each.path.startswith("/repos/agency/")]
    assert [each.at - START for each in to_agency[:2]] == [timedelta(0), timedelta(seconds=120)]


async def test_where_github_does_not_say_for_how_long_the_pauses_double(office: Office) -> None:
    office.github.outages.fail("POST", "/comments", status=429, times=4)
    await office.due(office.agency.comment, HELLO)
    await office.passes(HOUR)
    assert office.agency.said == [HELLO]
    minutes = [(each.at - START) / MINUTE for each in office.road.sent]
    assert minutes == [0, 1, 3, 7, 15]


async def test_more_than_github_takes_goes_out_as_fast_as_it_takes_it(office: Office) -> None:
    office.github.rate_limits.contents_per_hour = 100
    office.pace = Pace(between=timedelta(milliseconds=500), per_hour=100, kept_for_turns=20)
    office.restart()
    for number in range(130):
        await office.say(office.agency.answer(f"{number:03}"), "No.")
    await office.say(office.studio.answer("1"), "No.")
    await office.settles()

    assert {each.status for each in office.github.requests} <= {200, 201}
    times = [each.at for each in office.road.sent if "agency" in each.path]
    assert len(times) == 130
    assert all(b - a >= office.pace.between for a, b in pairwise(times))
    assert times[99] - START < 2 * MINUTE
    assert HOUR <= times[100] - START < HOUR + 2 * MINUTE
    (studio,) = [each.at for each in office.road.sent if "studio" in each.path]
    assert studio - START <= timedelta(seconds=1)


async def test_a_locked_conversation_is_said_on_the_check_until_it_is_unlocked(
    office: Office,
) -> None:
    agency = office.agency
    await office.maya.locks(agency.pull)
    await office.due(agency.check(), "half", source="half", final=False)
    await office.due(agency.comment, HELLO, final=False, told_by=agency.check())
    await office.passes(HOUR)
    assert agency.said == []
    assert agency.the_check.summary == (
        "half\nGitHub answered 403 to POST /api/v3/repos/agency/backend/issues/1/comments. "
        "The conversation is locked."
    )
    assert office.writes == ["POST check-runs", "POST comments", "PATCH check-runs"]

    await office.maya.unlocks(agency.pull)
    await office.due(agency.comment, BYE, told_by=agency.check(), rank=Rank.TURN)
    await office.passes(HOUR)

    assert agency.said == [BYE]
    assert agency.the_check.summary == "half"


async def test_a_locked_conversation_is_tried_again_seldom_while_things_change(
    office: Office,
) -> None:
    await office.maya.locks(office.agency.pull)
    for number in range(60):
        await office.due(office.agency.comment, f"{MARKER}\n{number}", final=False)
        await office.passes(MINUTE)
    assert len(office.writes) <= 13


@pytest.mark.parametrize(("status", "most"), [(404, 14), (409, 14), (410, 14), (422, 1)])
async def test_what_github_refuses_is_given_up_in_the_end(
    office: Office, status: int, most: int
) -> None:
    office.github.outages.fail("POST", "/comments", status=status, times=None)
    await office.due(office.agency.comment, HELLO)
    await office.passes(DAYS)
    row = await office.row(office.agency.comment)
    assert (row.due, row.given_up, row.attempts, len(office.writes)) == (False, True, most, most)
    assert f"GitHub answered {status} to POST" in str(row.problem)

    await office.outbox.sweep()
    await office.passes(DAYS)
    assert len(office.writes) == most


async def test_what_the_app_may_not_write_is_written_once_it_may(office: Office) -> None:
    office.app.permissions["checks"] = "read"
    await office.due(office.agency.check(), "all is well")
    await office.passes(HOUR)
    row = await office.row(office.agency.check())
    assert str(row.problem).endswith("or the installation is suspended. Needed: checks=write.")
    assert (row.due, len(office.writes)) == (True, 7)

    office.app.permissions["checks"] = "write"
    await office.passes(HOUR)

    assert office.agency.the_check.conclusion == "success"


async def test_a_reaction_to_a_comment_that_is_gone_is_given_up_soon(office: Office) -> None:
    await office.maya.deletes_comment(office.agency.remark)
    await office.say(office.agency.reaction())
    await office.passes(timedelta(minutes=5))
    assert office.writes == ["POST reactions"] * 3


async def test_what_was_given_up_is_tried_again_when_there_is_something_new_to_say(
    office: Office,
) -> None:
    office.github.outages.fail("POST", "/comments", status=422)
    await office.due(office.agency.comment, HELLO, final=False)
    await office.settles()
    assert office.agency.said == []

    await office.due(office.agency.comment, BYE)
    await office.passes(timedelta(minutes=5))

    assert office.agency.said == [BYE]
    assert not (await office.row(office.agency.comment)).given_up


async def test_where_the_app_was_removed_nothing_is_tried_for_ever(office: Office) -> None:
    await office.due(office.agency.comment, HELLO, final=False)
    await office.settles()
    office.github.outages.fail(path="/repos/agency/backend", status=404, times=None)
    asked = len(office.github.requests)

    await office.due(office.agency.comment, BYE)
    await office.passes(DAYS)

    assert (await office.row(office.agency.comment)).given_up
    assert len(office.github.requests) - asked < 60

    office.github.outages.end()
    await office.due(office.agency.comment, BYE)
    await office.passes(DAYS)
    assert office.agency.said == [BYE]


async def test_a_bug_in_the_words_of_one_does_not_keep_the_others_from_being_told(
    office: Office, logged: list[Any]
) -> None:
    await office.due(office.agency.check(), "all is well")
    await office.due(office.agency.check("other"), "all is well")
    office.sources.pop(office.agency.check().key)
    await office.due(office.agency.comment, HELLO)
    await office.passes(DAYS)

    assert [each.name for each in office.agency.checks] == ["other"]
    assert office.agency.said == [HELLO]
    assert (await office.row(office.agency.check())).given_up
    assert {each["event"] for each in logged} == {"notice_not_told"}
    logged.clear()
