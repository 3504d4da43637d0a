"""Comments are written, found again and reacted to."""

import pytest

from bot.github.failures import NotFound
from tests.github.conftest import NAME, Agency

MARKER = "<!-- orbits -->"


async def test_a_comment_is_written_found_again_and_edited(agency: Agency) -> None:
    pull = await agency.opened("src/new.py")

    made = await agency.door.create_comment(NAME, pull.number, f"{MARKER}\nfirst")
    found = await agency.door.find_comment(NAME, pull.number, MARKER)
    await agency.door.edit_comment(NAME, made, f"{MARKER}\nsecond")

    assert found == made
    assert [comment.body for comment in pull.comments] == [f"{MARKER}\nsecond"]


async def test_a_comment_of_somebody_else_with_our_marker_is_not_ours(agency: Agency) -> None:
    pull = await agency.opened("src/new.py")
    await agency.maya.comments(pull, f"{MARKER}\nI am the bot")

    assert await agency.door.find_comment(NAME, pull.number, MARKER) is None


async def test_a_comment_is_found_behind_a_hundred_others(agency: Agency) -> None:
    pull = await agency.opened("src/new.py")
    for number in range(100):
        await agency.maya.comments(pull, f"word {number}")
    made = await agency.door.create_comment(NAME, pull.number, MARKER)

    assert await agency.door.find_comment(NAME, pull.number, MARKER) == made


async def test_a_comment_is_read_with_its_author_until_it_is_deleted(agency: Agency) -> None:
    pull = await agency.opened("src/new.py")
    written = await agency.maya.comments(pull, "/orbits status")

    comment = await agency.door.comment(NAME, written.id)
    await agency.maya.deletes_comment(written)
    deleted = await agency.door.comment(NAME, written.id)

    assert comment is not None
    assert comment.user is not None
    assert (comment.body, comment.user.login, comment.user.type) == (
        "/orbits status",
        "maya",
        "User",
    )
    assert deleted is None


async def test_a_reaction_is_there_once_however_often_it_is_given(agency: Agency) -> None:
    pull = await agency.opened("src/new.py")
    comment = await agency.maya.comments(pull, "/orbits status")

    first = await agency.door.react(NAME, comment.id, "eyes")
    second = await agency.door.react(NAME, comment.id, "eyes")

    assert first == second
    assert [(each.account.login, each.content) for each in comment.reactions] == [
        ("orbits[bot]", "eyes")
    ]


async def test_a_reaction_to_a_deleted_comment_is_not_found(agency: Agency) -> None:
    pull = await agency.opened("src/new.py")
    comment = await agency.maya.comments(pull, "/orbits status")
    await agency.maya.deletes_comment(comment)

    with pytest.raises(NotFound):
        await agency.door.react(NAME, comment.id, "eyes")
