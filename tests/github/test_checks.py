"""Checks are made, found again, changed, and given buttons."""

from dataclasses import replace

import pytest

from bot.github.answers import Annotation, CheckAction
from bot.github.failures import AppNeeded
from tests.github.conftest import NAME, Agency, a_check


async def test_a_check_is_made_found_again_and_updated(agency: Agency) -> None:
    sha = await agency.repository.commit_named("main")

    made = await agency.door.create_check(NAME, sha, a_check())
    found = await agency.door.find_check(NAME, sha, "orbits/deploy", "rollout-1")
    done = a_check(status="completed", conclusion="success", title="6 of 6 tenants updated")
    await agency.door.update_check(NAME, made, done)

    [run] = agency.repository.check_runs(sha)
    assert found == made == run.id
    assert (run.status, run.conclusion, run.title) == (
        "completed",
        "success",
        "6 of 6 tenants updated",
    )


async def test_a_check_without_text_takes_the_earlier_text_away(agency: Agency) -> None:
    sha = await agency.repository.commit_named("main")
    made = await agency.door.create_check(NAME, sha, a_check(text="it failed"))

    await agency.door.update_check(NAME, made, a_check())

    [run] = agency.repository.check_runs(sha)
    assert not run.text


async def test_a_check_of_another_rollout_is_not_found(agency: Agency) -> None:
    sha = await agency.repository.commit_named("main")
    await agency.door.create_check(NAME, sha, a_check(external_id="rollout-2"))

    assert await agency.door.find_check(NAME, sha, "orbits/deploy", "rollout-1") is None


async def test_a_check_is_found_behind_a_hundred_others(agency: Agency) -> None:
    sha = await agency.repository.commit_named("main")
    made = await agency.door.create_check(NAME, sha, a_check())
    for number in range(100):
        await agency.door.create_check(NAME, sha, a_check(external_id=f"other-{number}"))

    assert await agency.door.find_check(NAME, sha, "orbits/deploy", "rollout-1") == made


async def test_a_check_offers_buttons_and_takes_them_away(agency: Agency) -> None:
    sha = await agency.repository.commit_named("main")
    approve = CheckAction("Approve", "Go on with wave 2", "approve")
    made = await agency.door.create_check(NAME, sha, a_check(actions=(approve,)))
    [run] = agency.repository.check_runs(sha)
    offered = [(each.label, each.description, each.identifier) for each in run.actions]

    await agency.door.update_check(NAME, made, a_check())

    assert offered == [("Approve", "Go on with wave 2", "approve")]
    assert run.actions == []


def about_line(line: int) -> Annotation:
    return Annotation("orbits.toml", line, line, "failure", "`waves` is no list")


async def test_a_check_says_something_about_lines(agency: Agency) -> None:
    sha = await agency.repository.commit_named("main")

    await agency.door.create_check(NAME, sha, a_check(annotations=(about_line(3),)))

    [run] = agency.repository.check_runs(sha)
    assert run.annotations == [
        {
            "path": "orbits.toml",
            "start_line": 3,
            "end_line": 3,
            "annotation_level": "failure",
            "message": "`waves` is no list",
        }
    ]


async def test_an_update_repeats_no_annotation_and_adds_those_that_are_new(
    agency: Agency,
) -> None:
    sha = await agency.repository.commit_named("main")
    fifty = tuple(about_line(line) for line in range(1, 51))
    made = await agency.door.create_check(NAME, sha, a_check(annotations=fifty[:20]))

    for _ in range(2):
        await agency.door.update_check(NAME, made, a_check(annotations=fifty))

    [run] = agency.repository.check_runs(sha)
    assert [each["start_line"] for each in run.annotations] == list(range(1, 51))


async def test_an_annotation_for_other_tenants_is_the_same_annotation(agency: Agency) -> None:
    sha = await agency.repository.commit_named("main")
    first, then = replace(about_line(3), title="acme"), replace(about_line(3), title="acme, hooli")
    made = await agency.door.create_check(NAME, sha, a_check(annotations=(about_line(1), first)))

    await agency.door.update_check(NAME, made, a_check(annotations=(about_line(2), then)))

    [run] = agency.repository.check_runs(sha)
    assert [(each["start_line"], each.get("title")) for each in run.annotations] == [
        (1, None),
        (3, "acme"),
        (2, None),
    ]


async def test_a_check_gets_no_more_than_fifty_annotations_in_all(agency: Agency) -> None:
    sha = await agency.repository.commit_named("main")
    some, others = (tuple(map(about_line, range(start, start + 40))) for start in (1, 101))
    made = await agency.door.create_check(NAME, sha, a_check(annotations=some))

    await agency.door.update_check(NAME, made, a_check(annotations=others))

    [run] = agency.repository.check_runs(sha)
    lines = [each["start_line"] for each in run.annotations]
    assert lines == [*range(1, 41), *range(101, 111)]


@pytest.mark.parametrize(
    ("label", "description", "identifier"),
    [("x" * 21, "d", "i"), ("l", "x" * 41, "i"), ("l", "d", "x" * 21), ("", "d", "i")],
)
def test_a_button_that_github_would_refuse_cannot_be_made(
    label: str, description: str, identifier: str
) -> None:
    with pytest.raises(ValueError, match="of a check's button has 1 to"):
        CheckAction(label, description, identifier)


def test_a_check_has_no_more_buttons_and_annotations_than_one_request_takes() -> None:
    button = CheckAction("Approve", "Go on", "approve")
    with pytest.raises(ValueError, match="at most 3 buttons"):
        a_check(actions=(button,) * 4)
    with pytest.raises(ValueError, match="at most 50 annotations"):
        a_check(annotations=(about_line(1),) * 51)


async def test_a_person_is_told_that_checks_need_an_app(agency: Agency) -> None:
    sha = await agency.repository.commit_named("main")
    async with agency.door_of(agency.maya) as door:
        with pytest.raises(AppNeeded) as needed:
            await door.create_check(NAME, sha, a_check())
        with pytest.raises(AppNeeded):
            await door.update_check(NAME, 1, a_check())
    assert str(needed.value) == (
        "GitHub would answer 403 to POST /repos/agency/backend/check-runs. "
        "Only an App may write checks, and the bot acts with a person's token. "
        "Set ORBITS_GITHUB_APP_ID and ORBITS_GITHUB_PRIVATE_KEY."
    )
    assert needed.value.status == 403
    assert agency.simulator.requests == []
