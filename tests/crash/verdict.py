"""What must be so when a fleet is up, whatever happened to the processes that worked on it."""

import json
from collections import Counter

from bot.states import State
from bot.store.tables import Run
from tests.crash.deeds import STACKS, Line, Word, deeds_of, outputs_of
from tests.crash.lives import Lives
from tests.crash.witness import Evidence, evidence


def assert_all_is_well(lives: Lives, stacks: tuple[str, ...] = STACKS) -> None:
    """Everything was done, nothing twice that was remembered, and nothing is left over."""
    known = evidence(lives.url)
    try:
        _assert_all_is_well(lives, known, stacks)
    except AssertionError as error:
        error.add_note("\n".join([*map(_told_of, known.runs), lives.logs()]))
        raise


def _told_of(run: Run) -> str:
    times = [run.created_at, run.started_at, run.finished_at]
    told = [run.id, run.identity, run.arguments, run.state, run.token, run.parent_id, run.failure]
    return " ".join(map(str, [*told, *(f"{time:%M:%S.%f}" for time in times if time)]))


def _assert_all_is_well(lives: Lives, known: Evidence, stacks: tuple[str, ...]) -> None:
    unwell = [run for run in begun(known) if run.state is not State.SUCCEEDED]
    assert not unwell, unwell
    assert runs_of(known) == Counter(wanted(stacks))
    root = next(run for run in known.runs if run.id == lives.run)
    assert json.loads(root.result or "") == {name: f"{name} is up" for name in stacks}
    outputs = {each.identity: json.loads(each.output or "null") for each in known.recorded}
    assert outputs.pop("router").startswith("to ")
    assert outputs == outputs_of(stacks)
    changed = outcomes_that_changed(known)
    assert not changed, changed
    assert remembered(known) == {(each.run_id, each.name) for each in known.outcomes}
    assert remembered_is_what_was_told(known, lives.lines())
    assert not known.waits + known.places
    assert not {owner.pid for owner in known.owners} - lives.killed
    assert_nothing_was_done_in_vain(lives.lines(), stacks)


def begun(known: Evidence) -> list[Run]:
    """Answer the runs, but for those that lost their place in line, as who asked was cut off."""
    return [run for run in known.runs if run.state is not State.CANCELLED or run.started_at]


def wanted(stacks: tuple[str, ...]) -> list[str]:
    """Answer the identity of each run that there is to be, the router's for each stack."""
    return ["fleet", *outputs_of(stacks), *(f"router to {name}" for name in stacks)]


def runs_of(known: Evidence) -> "Counter[str]":
    """Answer how many runs there were of each identity, told apart by what was wanted of it."""
    return Counter(
        f"router to {json.loads(run.arguments)['route']}"
        if run.identity == "router"
        else run.identity
        for run in begun(known)
    )


def outcomes_that_changed(known: Evidence) -> list[set[object]]:
    """Answer the outcomes of each step that has had more than one."""
    outcomes: dict[tuple[str, str], set[object]] = {}
    for outcome in known.outcomes:
        told = (outcome.state, outcome.result)
        outcomes.setdefault((outcome.run_id, outcome.name), set()).add(told)
    return [each for each in outcomes.values() if len(each) > 1]


def remembered(known: Evidence) -> set[tuple[str, str]]:
    """Answer the steps that have an outcome."""
    return {(step.run_id, step.name) for step in known.steps if step.finished_at}


def remembered_is_what_was_told(known: Evidence, lines: list[Line]) -> bool:
    """Answer whether each step that somebody heard of as durable is in the database."""
    identities = {run.id: run.identity for run in known.runs}
    remembered = {
        (identities[step.run_id], step.name)
        for step in known.steps
        if step.state in {State.SUCCEEDED, State.SKIPPED}
    }
    return {line.of for line in lines if line.word is Word.TOLD} <= remembered


def assert_nothing_was_done_in_vain(lines: list[Line], stacks: tuple[str, ...]) -> None:
    """Each deed was done; again only where a process died in it; never two of an identity."""
    gone = {line.life for line in lines if line.word is Word.LOST}
    remembered: set[tuple[str, str]] = set()
    begun: dict[tuple[str, str], str] = {}
    at_work: dict[str, Line] = {}
    for line in lines:
        match line.word:
            case Word.DIES:
                gone.add(line.life)
            case Word.TOLD:
                remembered.add(line.of)
            case Word.BEGUN:
                other = at_work.get(line.identity)
                assert line.of not in remembered, f"again: {line}"
                assert begun.get(line.of) in {None, *gone}, f"at once: {line}"
                assert other is None or other.life in gone, f"{other} and {line}"
                begun[line.of] = line.life
                at_work[line.identity] = line
            case Word.DONE if at_work.get(line.identity, line).life == line.life:
                at_work.pop(line.identity, None)
    done = Counter(line.of for line in lines if line.word is Word.DONE)
    assert set(done) == deeds_of(stacks)
    assert all(done[deed] == 1 for deed in done if deed[1] == "charge")
