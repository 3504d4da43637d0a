"""What a rehearsal answers, tells and remembers is what the engine does."""

from typing import Any, NamedTuple

import pytest

from bot.store.database import Database
from resources.errors import OrbitsError
from resources.model.definition import Definition
from tests.resources.testing.definitions import (
    Ambiguous,
    Build,
    BuildOnce,
    BuildOnceAndLook,
    Camp,
    Endless,
    Fickle,
    Fixed,
    Fragile,
    Hall,
    House,
    Impatient,
    Late,
    Misnamed,
    Mumbles,
    Order,
    Refuses,
    Selfish,
    Steps,
    Street,
    Stubborn,
    Survey,
    Town,
    Ungiven,
    Unstorable,
    Waiting,
    Whispers,
    Windy,
)
from tests.resources.testing.stages import InRehearsal, OnEngine, Stage, plain


class Deed(NamedTuple):
    """A command that is given."""

    x: Definition
    command: str | None = None
    force: bool = False


STORIES: dict[str, list[Deed]] = {
    "installed, skipped, changed": [Deed(Hall()), Deed(Hall()), Deed(Hall(seats=2))],
    "forced": [Deed(Hall()), Deed(Hall(), force=True)],
    "installed by itself": [Deed(Hall(), "install"), Deed(Hall()), Deed(Hall(), "install")],
    "only installed": [Deed(Fixed()), Deed(Fixed()), Deed(Fixed(), "rollback")],
    "uninstalled": [Deed(Hall()), Deed(Hall(), "uninstall"), Deed(Hall())],
    "failed": [Deed(Hall()), Deed(Hall(seats=2, broken=True)), Deed(Hall())],
    "rolled back": [
        Deed(Hall(), "rollback"),
        Deed(Hall()),
        Deed(Hall(seats=2)),
        Deed(Hall(), "rollback"),
    ],
    "planned": [Deed(Hall(), "plan"), Deed(Hall()), Deed(Hall(seats=3), "plan")],
    "painted, not cleaned": [Deed(Hall(), "paint"), Deed(Hall(), "clean"), Deed(Hall(), "cycle")],
    "drifted": [Deed(Windy()), Deed(Windy(), "cycle"), Deed(Windy())],
    "not intact": [Deed(Fragile()), Deed(Fragile())],
    "nested": [Deed(House(name="a", halls=("one",))), Deed(House(name="b", halls=("one",)))],
    "nested and failing": [Deed(House(name="a", halls=("one",), broken="one"))],
    "nested and retried": [Deed(House(name="a", halls=("one",), broken="one", retries=True))],
    "for itself": [Deed(Selfish())],
    "shared": [Deed(Street())],
    "many sorts": [Deed(Town()), Deed(Town(turns=1)), Deed(Survey()), Deed(Build(name="a"))],
    "retried": [Deed(Stubborn(fails=2)), Deed(Stubborn(fails=9))],
    "not retried": [Deed(Stubborn(fails=1, retry=False)), Deed(Refuses())],
    "waiting": [Deed(Waiting()), Deed(Endless()), Deed(Late())],
    "elsewhere": [Deed(Order(name="chairs")), Deed(Impatient())],
    "secret": [Deed(Whispers(key="env:KEY")), Deed(Whispers(key="env:KEY", answers=True))],
    "mistaken": [Deed(x) for x in (Misnamed(), Ambiguous(), Unstorable(), Steps(), Ungiven())],
}
OF_MANY_TASKS = {"shared", "mistaken"}
"""In these, steps end in an order of their own."""


async def seen(stage: Stage, name: str) -> dict[str, Any]:
    """Do a story, and answer all that can be seen of it."""
    told = [await stage.tell(x, command, force=force) for x, command, force in STORIES[name]]
    steps, entries, log = stage.steps, stage.ledger.entries, plain(stage.log)
    if name in OF_MANY_TASKS:
        steps, entries = sorted(steps), sorted(entries)
    if name == "nested and retried":
        # The engine tells listeners of each attempt; what is remembered is one step.
        steps = list(dict.fromkeys(steps))
        # It also writes together what a step prints within a second.
        log = "\n".join(sorted(log.splitlines()))
    entries = [entry for entry in entries if "check order" not in entry or name != "elsewhere"]
    return {"told": told, "steps": steps, "entries": entries, "log": log}


@pytest.mark.parametrize("name", STORIES)
async def test_a_rehearsal_does_what_the_engine_does(database: Database, name: str) -> None:
    assert await seen(InRehearsal(), name) == await seen(OnEngine(database), name)


async def test_a_secret_is_masked_in_pieces_and_in_disguises(database: Database) -> None:
    for stage in (InRehearsal(), OnEngine(database)):
        told = await stage.tell(Mumbles(key="env:KEY"))

        assert stage.log == (
            "the key is [masked]\n"
            "GET /?key=[masked]&also=[masked]\n"
            "Authorization: Basic YWRtaW46[masked]\n"
        )
        assert "The result of `mumble` holds a secret that this process revealed" in told


CRASHES: dict[str, tuple[Definition, str, str]] = {
    "in a step": (Town(turns=3), "turn", "0"),
    "in a workflow that is a step": (Town(), "measure", "plot"),
    "in what is done once": (Town(), "found", "town"),
    "in a resource that is a step": (House(name="a", halls=("one",)), "build", "one"),
    "after what is gone meanwhile": (Camp(), "burn", "fire"),
    "in what may not be repeated": (BuildOnce(name="a"), "run", "a"),
    "in what can be looked at": (BuildOnceAndLook(name="a"), "run", "a"),
}


async def seen_after_a_crash(stage: Stage, name: str) -> dict[str, Any]:
    """Let the process die, let another go on, and answer all that can be seen of it."""
    await stage.die_in(*CRASHES[name])
    try:
        told = repr(await stage.resume())
    except OrbitsError as error:
        told = plain(str(error))
    return {"told": told, "steps": sorted(stage.steps), "entries": sorted(stage.ledger.entries)}


@pytest.mark.parametrize("name", CRASHES)
async def test_a_crash_is_survived_as_with_the_engine(database: Database, name: str) -> None:
    found = await seen_after_a_crash(InRehearsal(), name)
    assert found == await seen_after_a_crash(OnEngine(database), name)


async def test_what_is_gone_after_a_crash_is_brought_about_again(database: Database) -> None:
    for stage in (InRehearsal(), OnEngine(database)):
        await stage.die_in(*CRASHES["after what is gone meanwhile"])
        before = list(stage.ledger.entries)
        await stage.resume()
        assert stage.ledger.entries == [*before, "furnish tent, 1 before", "build fire"]


@pytest.mark.parametrize("today", ["nothing new", "ask what else"])
async def test_code_that_asks_for_something_else_after_a_crash_is_found_out(
    database: Database, today: str
) -> None:
    told = []
    for stage in (InRehearsal(), OnEngine(database)):
        stage.ledger.gate("ask what")
        await stage.die_in(Fickle(), "second", "second")
        if today != "nothing new":
            stage.ledger.gates.pop("ask what")
            stage.ledger.gate(today)
        try:
            told.append(str(await stage.resume()))
        except OrbitsError as error:
            told.append(plain(str(error)))
    assert told[0] == told[1]
    assert ("other arguments" in told[0]) is (today != "nothing new")
