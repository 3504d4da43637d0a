"""Whatever becomes of an answer, or of the process that waits for it: nothing is said twice."""

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, update

from bot.github.answers import DeploymentStatus
from bot.outbox.target import Target
from bot.store.tables import Notice
from tests.outbox.office import MARKER, Account, Died, Office

HELLO, BYE = f"{MARKER}\nhello", f"{MARKER}\nbye"
KINDS = ["check-runs", "comments", "answer", "reactions", "deployments", "statuses"]


async def ask_for(office: Office, kind: str) -> None:
    """Let GitHub say something of a kind."""
    agency = office.agency
    match kind:
        case "check-runs":
            await office.due(agency.check(), "all is well")
        case "comments":
            await office.due(agency.comment, HELLO)
        case "answer":
            await office.say(agency.answer(), "You may not.")
        case "reactions":
            await office.say(agency.reaction(), "eyes")
        case _:
            await office.due(agency.environment(), DeploymentStatus("success"))


def seen(account: Account) -> Counter[str]:
    """Count what the bot said, by kind."""
    answers = [body for body in account.said if "answer to" in body]
    return Counter(
        {
            "check-runs": len(account.checks),
            "comments": len(account.said) - len(answers),
            "answer": len(answers),
            "reactions": len(account.reactions),
            "deployments": len(account.repository.deployments),
            "statuses": sum(len(each.statuses) for each in account.repository.deployments),
        }
    )


def path_of(kind: str) -> str:
    return "/comments" if kind == "answer" else f"/{kind}"


def wanted(kind: str) -> Counter[str]:
    return Counter(["deployments", "statuses"] if kind in {"deployments", "statuses"} else [kind])


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_done_though_its_answer_was_lost_is_not_done_twice(
    office: Office, kind: str
) -> None:
    office.github.outages.lose_answer("POST", path_of(kind), times=2)
    await ask_for(office, kind)
    await office.passes(timedelta(minutes=5))
    assert +seen(office.agency) == wanted(kind)


@pytest.mark.parametrize("kind", KINDS)
async def test_killed_between_the_deed_and_the_note_of_it_nothing_is_done_twice(
    office: Office, kind: str
) -> None:
    office.road.kills_after(path_of(kind))
    await ask_for(office, kind)
    with pytest.raises(BaseExceptionGroup) as died:
        await office.settles()
    assert died.group_contains(Died)

    office.restart()
    died_at = office.clock.now()
    await office.settles()

    assert office.clock.now() - died_at >= office.pace.settles
    assert +seen(office.agency) == wanted(kind)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_not_done_is_done_later(office: Office, kind: str) -> None:
    office.github.outages.fail("POST", path_of(kind), times=3)
    await ask_for(office, kind)
    await office.passes(timedelta(minutes=5))
    assert +seen(office.agency) == wanted(kind)


async def test_an_edit_that_may_have_been_done_is_taken_back_where_it_is_not_wanted_any_more(
    office: Office,
) -> None:
    comment = office.agency.comment
    await office.due(comment, HELLO, final=False)
    await office.settles()
    office.github.outages.lose_answer("PATCH", "/comments")
    await office.due(comment, BYE, final=False)
    await office.outbox.write_due()
    assert office.agency.said == [BYE]

    await office.due(comment, HELLO)
    await office.passes(timedelta(minutes=1))

    assert office.agency.said == [HELLO]


async def test_a_mark_that_was_lost_is_found_by_the_sweep(office: Office) -> None:
    check = office.agency.check()
    await office.due(check, "half of them", final=False)
    await office.settles()
    await office.due(check, "all of them")

    def lose_the_mark(session: Session) -> None:
        session.exec(update(Notice).where(col(Notice.key) == check.key).values(due=False))

    await office.database.write(lose_the_mark)
    await office.settles()
    assert office.agency.the_check.status == "in_progress"

    await office.outbox.sweep()
    await office.settles()

    assert office.agency.the_check.conclusion == "success"
    assert office.writes == ["POST check-runs", "PATCH check-runs"]


async def test_the_sweep_leaves_what_is_told_as_it_is(office: Office) -> None:
    await office.due(office.agency.comment, HELLO)
    await office.settles()
    await office.outbox.sweep()
    assert not (await office.row(office.agency.comment)).due


@pytest.mark.parametrize(
    "seed", [1, 2, 3, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(4, 40))]
)
async def test_on_a_bad_day_everything_is_said_once_in_the_end(office: Office, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a day that repeats
    targets = [target for account in office.accounts.values() for target in targets_of(account)]
    for round_ in range(12):
        befalls(office, chance)
        for target in chance.sample(targets, 4):
            await office.due(target, f"{target.key} {round_}", final=round_ > 8)
        try:
            await office.passes(timedelta(seconds=chance.randrange(90)))
        except* Died:
            office.restart()
    office.github.outages.end()
    for target in targets:
        await office.due(target, f"{target.key} at last")
    await office.passes(timedelta(hours=1))

    for account in office.accounts.values():
        said = [body.partition("\n\n")[2] for body in account.said]
        said += [str(each.summary) for each in account.checks]
        assert sorted(said) == sorted(f"{target.key} at last" for target in targets_of(account))
        assert {each.conclusion for each in account.checks} == {"success"}


def targets_of(account: Account) -> list[Target[Any, Any]]:
    three = [str(number) for number in range(3)]
    checks = [account.check(each) for each in three]
    return [account.comment, *checks, *(account.answer(each) for each in three)]


def befalls(office: Office, chance: random.Random) -> None:
    """Let something go wrong, or nothing."""
    outages = office.github.outages
    match chance.randrange(5):
        case 0:
            outages.fail(status=chance.choice([500, 502, 503]), times=chance.randrange(6))
        case 1:
            outages.lose_answer(chance.choice(["POST", "PATCH"]), times=chance.randrange(4))
        case 2:
            outages.slow_down(times=chance.randrange(3), retry_after=chance.choice(["5", "90"]))
        case 3:
            office.road.kills_after(chance.choice(["check-runs", "comments"]))
