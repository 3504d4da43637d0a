"""What GitHub should say, it says: once, the newest, however often it is asked for."""

from datetime import timedelta

import pytest

from bot.github.answers import DeploymentStatus
from bot.outbox.budget import Rank
from tests.outbox.office import MARKER, Office

HELLO, BYE = f"{MARKER}\nhello", f"{MARKER}\nbye"


async def test_each_kind_is_said(office: Office) -> None:
    agency = office.agency
    await office.due(agency.check(), "all is well")
    await office.due(agency.comment, HELLO)
    await office.say(agency.answer(), "You may not.")
    await office.say(agency.reaction("eyes"))
    await office.due(agency.environment(), DeploymentStatus("success", "acme is up to date"))
    await office.settles()

    assert (agency.the_check.summary, agency.the_check.conclusion) == ("all is well", "success")
    assert agency.said == ["<!-- orbits: answer to 1001/1 -->\n\nYou may not.", HELLO]
    assert agency.reactions == ["eyes"]
    (deployment,) = agency.repository.deployments
    assert (deployment.environment, deployment.sha) == ("acme", agency.sha)
    (status,) = deployment.statuses
    assert (status.state, status.description) == ("success", "acme is up to date")
    assert office.writes == [
        "POST comments",
        "POST reactions",
        "POST check-runs",
        "POST comments",
        "POST deployments",
        "POST statuses",
    ]


async def test_what_changes_often_is_told_as_it_is_in_the_end(office: Office) -> None:
    comment = office.agency.comment
    for number in range(100):
        await office.due(comment, f"{MARKER}\n{number}", final=False)
    await office.settles()
    await office.due(comment, BYE)
    await office.due(comment, BYE)
    await office.settles()

    assert office.agency.said == [BYE]
    assert office.writes == ["POST comments", "PATCH comments"]
    row = await office.row(comment)
    assert (row.due, row.final, row.attempts, row.underway) == (False, True, 0, False)


async def test_what_github_has_already_is_not_written_again(office: Office) -> None:
    await office.due(office.agency.comment, HELLO)
    await office.settles()
    await office.due(office.agency.comment, HELLO)
    await office.settles()
    assert office.writes == ["POST comments"]


async def test_progress_rests_between_two_words_and_what_is_awaited_does_not(
    office: Office,
) -> None:
    comment = office.agency.comment
    await office.due(comment, HELLO, final=False, debounce=25)
    await office.settles()
    await office.due(comment, f"{MARKER}\nhalf", final=False, debounce=25)
    await office.passes(timedelta(seconds=20))
    assert office.agency.said == [HELLO]
    await office.passes(timedelta(seconds=5))
    assert office.agency.said == [f"{MARKER}\nhalf"]

    await office.due(comment, BYE, rank=Rank.TURN)
    await office.passes(timedelta(seconds=1))
    assert office.agency.said == [BYE]


async def test_where_there_is_nothing_to_say_nothing_is_said(office: Office) -> None:
    await office.due(office.agency.comment, None)
    await office.settles()
    assert office.writes == []
    assert (await office.row(office.agency.comment)).final


@pytest.mark.thorough
async def test_a_comment_that_somebody_deleted_is_posted_again_at_the_next_change(
    office: Office,
) -> None:
    agency = office.agency
    await office.due(agency.comment, HELLO, final=False)
    await office.settles()
    await office.maya.deletes_comment(agency.pull.comments[-1])
    assert agency.said == []

    await office.due(agency.comment, BYE)
    await office.settles()

    assert agency.said == [BYE]
    assert (await office.row(agency.comment)).problem is None


async def test_a_comment_whose_row_was_forgotten_is_found_and_edited(office: Office) -> None:
    comment = office.agency.comment
    await office.due(comment, HELLO)
    await office.settles()
    row = await office.row(comment)
    await office.database.write(lambda session: session.delete(session.merge(row)))

    await office.due(comment, BYE)
    await office.settles()

    assert office.agency.said == [BYE]
