"""People cancel, pause, resume, retry, leave out and approve; the ledger tells what came of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlmodel import Session, col, select

from bot.engine.clock import SystemClock
from bot.engine.control.control import Control
from bot.engine.control.intervention import RunNotFound
from bot.engine.definitions.kinds import Wanted
from bot.engine.definitions.outcomes import Outcome
from bot.engine.engine import Engine
from bot.engine.identifiers import short
from bot.engine.journal.asking import queued_values
from bot.engine.journal.runs import run_values
from bot.engine.pace import Limits, Pace
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Place, Run, Step
from bot.store.tables import Wait as WaitRow
from resources import Cancelled, Refused, StepFailed
from resources.model.definition import Definition
from tests.engine.controlled import (
    Asks,
    HandsOver,
    Hurries,
    Layer,
    Occupies,
    Purchase,
    Records,
    Sleeps,
    Stops,
    Uses,
)
from tests.engine.engines import engine_on, enqueued
from tests.engine.things import Database as Disk
from tests.engine.things import Ledger, Service
from tests.resources.scripts import gone

T = TypeVar("T")

SOON = 10
ALERT = Pace(look_every=timedelta(milliseconds=10), limits=Limits(by_kind={"tenant": 1}))

NewEngine = Callable[[], AbstractAsyncContextManager[Engine]]


@pytest.fixture
def new_engine(database: Database, ledger: Ledger) -> NewEngine:
    """Starts an engine that looks often; the one before it must have ended."""
    return lambda: engine_on(database, given=[ledger], pace=ALERT)


@pytest.fixture
async def engine(new_engine: NewEngine) -> AsyncIterator[Engine]:
    async with new_engine() as engine:
        yield engine


@pytest.fixture
def control(database: Database) -> Control:
    """Acts on the store alone, as the command line does."""
    dispatch = engine_on(database)._dispatch
    return Control(database, SystemClock(), dispatch, limits=ALERT.limits)


async def ended(engine: Engine, run: str) -> Outcome:
    """Wait for the end of a run that may have come into the queue from outside."""
    engine.wake()
    async with asyncio.timeout(SOON):
        return await engine.outcome(run)


async def queued(database: Database, definition: Definition, identity: str) -> str:
    """Ask for a run where no engine takes it."""
    wanted = Wanted.of(definition, "update", identity)
    now = SystemClock().now()
    return await enqueued(database, wanted, now)


async def until(database: Database, ask: Callable[[Session], T]) -> T:
    """Wait until the store answers something, and answer that."""
    async with asyncio.timeout(SOON):
        while not (answer := await database.read(ask)):  # noqa: ASYNC110 (the store tells it)
            await asyncio.sleep(0)
    return answer


async def the_run(database: Database, identity: str, state: State | None = None) -> str:
    """Answer the last run of an identity, when there is one in that state."""

    def read(session: Session) -> str | None:
        query = select(Run.id).where(col(Run.identity) == identity)
        if state is not None:
            query = query.where(col(Run.state) == state)
        return session.exec(query.order_by(col(Run.id).desc()).limit(1)).first()

    return str(await until(database, read))


async def refused(act: Awaitable[object]) -> str:
    """Answer why an act was refused."""
    with pytest.raises(Refused) as why:
        await act
    return str(why.value)


def reason(outcome: Outcome) -> str:
    """Answer why a run failed."""
    with pytest.raises(StepFailed) as failed:
        outcome.answer(str)
    return failed.value.reason


# Cancelling


async def test_a_queued_run_is_cancelled_at_once(
    database: Database, control: Control, ledger: Ledger
) -> None:
    run = await queued(database, Disk(name="a"), "database-a")

    answer = await control.cancel(run, "maya", "wrong size")

    assert answer.words == (
        f"Cancelled database-a (update); `orbits retry {short(run)}` goes on with it, and keeps "
        "its finished steps."
    )
    async with engine_on(database, given=[ledger]) as engine:
        outcome = await engine.outcome(run)
    assert outcome.state is State.CANCELLED
    assert isinstance(outcome.cause, Cancelled)
    assert reason(outcome) == (
        "database-a (update) was cancelled by maya (wrong size). Finished steps are kept: "
        f"`orbits retry {run}`."
    )
    assert ledger.entries == []


async def test_of_a_script_that_sleeps_no_process_is_left(
    engine: Engine, control: Control, ledger: Ledger
) -> None:
    run = await engine.submit(Sleeps())
    async with asyncio.timeout(SOON):
        await ledger.gate("sleeping").wait()

    answer = await control.cancel(run, "maya")

    assert answer.words == (
        "sleeper-a (update) ends within about a second, with what its scripts have started; "
        f"`orbits retry {short(run)}` goes on with it, and keeps its finished steps."
    )
    outcome = await ended(engine, run)
    assert outcome.state is State.CANCELLED
    processes = [int(pid) for pid in ledger.entries[0].split()]
    assert len(processes) == 4
    assert all(gone(pid) for pid in processes)


async def test_who_waits_for_a_nested_run_fails_as_it_was_cancelled(
    engine: Engine, control: Control, database: Database, ledger: Ledger
) -> None:
    parent = await engine.submit(Uses(disk="slow"))
    async with asyncio.timeout(SOON):
        await ledger.arrival("slow").wait()

    await control.cancel(await the_run(database, "database-slow"), "maya")

    outcome = await ended(engine, parent)
    assert outcome.state is State.FAILED
    assert isinstance(outcome.cause, Cancelled)
    assert reason(outcome).startswith("database-slow (update) was cancelled by maya.")


async def test_who_waits_for_a_run_of_the_queue_fails_as_it_was_cancelled(
    engine: Engine, control: Control, database: Database, ledger: Ledger
) -> None:
    occupant = await engine.submit(Occupies())
    async with asyncio.timeout(SOON):
        await ledger.arrival("occupant").wait()
    parent = await engine.submit(HandsOver())

    await control.cancel(await the_run(database, "queued-layer-2", State.QUEUED), "maya")

    outcome = await ended(engine, parent)
    ledger.gate("leave").set()
    await ended(engine, occupant)
    assert reason(outcome).startswith("queued-layer-2 (update) was cancelled by maya.")
    assert ledger.entries == ["prepared"]


async def test_one_in_line_is_cancelled_and_the_others_go_on(
    engine: Engine, control: Control, ledger: Ledger
) -> None:
    runs = [await engine.submit(Disk(name="a", size=size, gate="go")) for size in (1, 2, 3)]
    async with asyncio.timeout(SOON):
        await ledger.arrival("a").wait()

    await control.cancel(runs[1], "maya")

    ledger.gate("go").set()
    outcomes = [await ended(engine, run) for run in runs]
    assert [outcome.state for outcome in outcomes] == ["succeeded", "cancelled", "succeeded"]
    assert "resize a to 2" not in ledger.entries


async def test_what_two_share_outlives_one_of_them(
    engine: Engine, control: Control, database: Database, ledger: Ledger
) -> None:
    first = await engine.submit(Uses(disk="shared", also="first"))
    async with asyncio.timeout(SOON):
        await ledger.arrival("shared").wait()
    second = await engine.submit(Uses(disk="shared", also="second"))
    await until(database, lambda session: session.exec(select(WaitRow)).all())

    await control.cancel(first, "maya")

    assert (await ended(engine, first)).state is State.CANCELLED
    ledger.gate("go").set()
    assert (await ended(engine, second)).result == '"db://shared?size=1"'
    assert ledger.entries.count("resize shared to 1") == 1


async def test_what_was_cut_off_is_cancelled_with_all_that_only_it_wanted(
    new_engine: NewEngine, control: Control, database: Database, ledger: Ledger
) -> None:
    async with new_engine() as engine:
        run = await engine.submit(Uses(disk="slow"))
        async with asyncio.timeout(SOON):
            await ledger.arrival("slow").wait()

    answer = await control.cancel(run, "maya")

    assert answer.words == (
        f"Cancelled {run} (run), with database-slow (update); `orbits retry {short(run)}` goes on "
        "with it, and keeps its finished steps."
    )
    states = await database.read(lambda session: session.exec(select(Run.state)).all())
    assert list(states) == [State.CANCELLED, State.CANCELLED]
    ledger.gate("go").set()
    await control.retry(run, "maya")
    async with new_engine() as engine:
        assert (await ended(engine, run)).result == '"db://slow?size=1"'
    assert ledger.entries.count("prepared ") == 1
    assert ledger.entries.count("open slow") == 1


async def test_what_was_asked_for_by_itself_outlives_who_began_it(
    new_engine: NewEngine, control: Control, ledger: Ledger
) -> None:
    async with new_engine() as engine:
        run = await engine.submit(Uses(disk="slow"))
        async with asyncio.timeout(SOON):
            await ledger.arrival("slow").wait()
        asked = await engine.submit(Disk(name="slow", gate="go"))

    await control.cancel(run, "maya")

    ledger.gate("go").set()
    async with new_engine() as engine:
        assert (await ended(engine, asked)).result == '"db://slow?size=1"'


async def test_what_has_ended_or_is_ending_is_not_cancelled(
    engine: Engine, control: Control, database: Database
) -> None:
    run = await engine.submit(Disk(name="a"))
    await ended(engine, run)
    row = await database.read(lambda session: session.get_one(Run, run))

    assert await refused(control.cancel(run, "maya")) == (
        f"database-a (update) has succeeded at {row.finished_at:%Y-%m-%d %H:%M:%S} UTC. Nothing "
        "was changed."
    )
    assert await refused(control.cancel(run, "  ")) == (
        "Nobody asks for it: say who does. Nothing was changed."
    )


async def test_a_second_cancellation_tells_of_the_first(
    database: Database, control: Control, ledger: Ledger
) -> None:
    if not database.is_sqlite:
        pytest.skip("where a bell rings, the first one has ended the run by then")
    quiet = Pace(look_every=timedelta(hours=1))
    async with engine_on(database, given=[ledger], pace=quiet) as engine:
        run = await engine.submit(Disk(name="a", gate="go"))
        async with asyncio.timeout(SOON):
            await ledger.arrival("a").wait()
        await control.cancel(run, "maya", "wrong size")

        assert await refused(control.cancel(run, "rowan")) == (
            "database-a (update) is being ended already: maya (wrong size) cancelled it. Nothing "
            "was changed."
        )


# Pausing


async def test_a_paused_run_begins_no_step_until_it_is_resumed(
    engine: Engine, control: Control, ledger: Ledger
) -> None:
    run = await engine.submit(Stops())
    async with asyncio.timeout(SOON):
        await ledger.arrival("first").wait()

    paused = await control.pause(run, "maya")
    # Another run begins and ends: the engine has looked.
    await engine.run(Disk(name="other"))
    live = engine._commands.live[run]
    async with asyncio.timeout(SOON):
        while not live.gate.is_shut:  # noqa: ASYNC110 (only the run itself knows)
            await asyncio.sleep(0)
    ledger.gate("first").set()
    await engine.run(Disk(name="another"))
    assert "second" not in ledger.entries
    resumed = await control.resume(run, "maya")

    assert (await ended(engine, run)).result == '"done"'
    assert paused.words == (
        f"Paused {run} (run): it begins no further step until `orbits resume {short(run)}`."
    )
    assert resumed.words == f"{run} (run) goes on."


async def test_a_paused_run_of_the_queue_is_not_taken_and_lets_others_pass(
    database: Database, control: Control, ledger: Ledger, new_engine: NewEngine
) -> None:
    first = await queued(database, Disk(name="a", size=1), "database-a")
    second = await queued(database, Disk(name="a", size=2), "database-a")
    answer = await control.pause(first, "maya")
    async with new_engine() as engine:
        await ended(engine, second)
        await control.resume(first, "maya")
        await ended(engine, first)
    assert answer.words == (
        f"Paused database-a (update): it is not begun until `orbits resume {short(first)}`."
    )
    resized = [entry for entry in ledger.entries if entry.startswith("resize")]
    assert resized == ["resize a to 2", "resize a to 1"]


async def test_what_is_paused_or_has_ended_is_not_paused_again(
    database: Database, control: Control
) -> None:
    run = await queued(database, Disk(name="a"), "database-a")
    assert await refused(control.resume(run, "maya")) == (
        "database-a (update) is queued, and not paused. Nothing was changed."
    )
    await control.pause(run, "maya")
    assert await refused(control.pause(run, "maya")) == (
        "database-a (update) is paused already. Nothing was changed."
    )
    await control.cancel(run, "maya")
    assert "database-a (update) was cancelled at " in await refused(control.pause(run, "maya"))


# Retrying


async def test_a_retry_does_nothing_again_that_was_finished_however_deep(
    engine: Engine, control: Control, ledger: Ledger
) -> None:
    run = await engine.submit(Layer(depth=3))
    assert (await ended(engine, run)).state is State.FAILED
    ledger.note("mended")

    answer = await control.retry(run, "maya")

    assert answer.words == (
        f"layer-3 (update) goes on as run {short(run)}, with layer-2 (update), layer-1 (update); "
        "1 finished step is kept, done again: `below[layer-2]`."
    )
    assert (await ended(engine, run)).state is State.SUCCEEDED
    assert ledger.entries == [
        *("before 3", "before 2", "before 1", "broke", "mended"),
        *("broke", "after 1", "after 2", "after 3"),
    ]


async def test_a_retry_goes_on_after_a_crash(
    new_engine: NewEngine, control: Control, ledger: Ledger
) -> None:
    async with new_engine() as engine:
        run = await engine.submit(Layer(depth=3))
        await ended(engine, run)
    ledger.note("mended")
    await control.retry(run, "maya")
    async with new_engine() as engine:
        assert (await ended(engine, run)).state is State.SUCCEEDED
    assert [ledger.entries.count(f"before {depth}") for depth in (1, 2, 3)] == [1, 1, 1]


async def test_what_a_retry_revived_may_be_cut_off_and_fail_again(
    new_engine: NewEngine, control: Control, ledger: Ledger
) -> None:
    async with new_engine() as engine:
        run = await engine.submit(Layer(depth=3))
        await ended(engine, run)
        await control.retry(run, "maya")
    async with new_engine() as engine:
        assert (await ended(engine, run)).state is State.FAILED
        ledger.note("mended")
        await control.retry(run, "rowan")
        assert (await ended(engine, run)).state is State.SUCCEEDED
    assert [ledger.entries.count(f"before {depth}") for depth in (1, 2, 3)] == [1, 1, 1]


async def test_what_was_handed_to_the_queue_goes_on_with_its_parent_and_in_its_lane(
    engine: Engine, control: Control, database: Database, ledger: Ledger
) -> None:
    run = await engine.submit(HandsOver())
    assert (await ended(engine, run)).state is State.FAILED
    ledger.note("mended")
    occupant = await engine.submit(Occupies())
    async with asyncio.timeout(SOON):
        await ledger.arrival("occupant").wait()

    await control.retry(run, "maya")

    child = await the_run(database, "queued-layer-2", State.QUEUED)
    lanes = await database.read(
        lambda session: session.exec(select(Place.lane).where(Place.run_id == child)).all()
    )
    assert list(lanes) == ["tenant:acme"]
    ledger.gate("leave").set()
    assert (await ended(engine, run)).result == '"handed over"'
    await ended(engine, occupant)
    assert [ledger.entries.count(each) for each in ("prepared", "before 2", "before 1")] == [1] * 3


async def test_what_followed_from_a_failure_is_done_again(
    engine: Engine, control: Control, ledger: Ledger
) -> None:
    run = await engine.submit(Records())
    assert (await ended(engine, run)).state is State.FAILED
    ledger.note("mended")

    answer = await control.retry(run, "maya")

    assert answer.words.endswith("1 finished step is kept, done again: `work`, `record`.")
    assert (await ended(engine, run)).result == '"done"'
    assert ledger.entries == [
        *("first", "work", "recorded the failure", "mended"),
        *("work", "concluded"),
    ]


async def test_a_retry_has_as_much_time_as_the_first_try(
    engine: Engine, control: Control, ledger: Ledger
) -> None:
    run = await engine.submit(Hurries())
    await ended(engine, run)
    before = (await control.status(run)).deadline_at
    ledger.note("mended")

    await control.retry(run, "maya")

    after = (await control.status(run)).deadline_at
    assert before is not None
    assert after is not None
    assert after > before
    assert (await ended(engine, run)).result == '"done"'


async def test_a_cancelled_run_goes_on_at_the_step_in_which_it_was(
    engine: Engine, control: Control, ledger: Ledger
) -> None:
    run = await engine.submit(Stops())
    async with asyncio.timeout(SOON):
        await ledger.arrival("first").wait()
    await control.cancel(run, "maya")
    await ended(engine, run)
    ledger.gate("first").set()

    await control.retry(run, "maya")

    assert (await ended(engine, run)).result == '"done"'


async def test_what_may_not_be_repeated_is_asked_what_became_of_it_after_a_cancellation(
    engine: Engine, control: Control, ledger: Ledger
) -> None:
    run = await engine.submit(Purchase())
    async with asyncio.timeout(SOON):
        await ledger.gate("paid").wait()
    await control.cancel(run, "maya")
    await ended(engine, run)

    await control.retry(run, "maya")

    assert (await ended(engine, run)).result == '"receipt"'
    assert ledger.entries == ["paid", "asked for the receipt"]


async def test_a_retry_from_a_step_does_it_and_what_came_after_again(
    engine: Engine, control: Control, ledger: Ledger
) -> None:
    run = await engine.submit(Service(name="web", fails=True))
    await ended(engine, run)

    answer = await control.retry(run, "maya", from_step="database")

    assert answer.words.endswith(
        "0 finished steps are kept, done again: `database[database-shared]`, `start`."
    )
    await ended(engine, run)
    assert ledger.entries.count("resize shared to 1") == 2
    assert ledger.entries.count("start web on db://shared?size=1") == 2


async def test_an_unknown_step_is_refused_with_those_that_there_are(
    engine: Engine, control: Control, ledger: Ledger
) -> None:
    run = await engine.submit(Service(name="web", fails=True))
    await ended(engine, run)
    assert await refused(control.retry(run, "maya", from_step="databse")) == (
        "The run remembers no step `databse`. Did you mean `database`? It remembers: "
        "`database[database-shared]`, `start`. Nothing was changed."
    )


async def test_what_was_asked_for_anew_meanwhile_is_not_retried(
    engine: Engine, control: Control, ledger: Ledger
) -> None:
    web = Service(name="web", fails=True)
    first = await engine.submit(web)
    await ended(engine, first)
    ledger.gate("go")
    second = await engine.submit(Disk(name="shared", size=2, gate="go"))
    async with asyncio.timeout(SOON):
        await ledger.arrival("shared").wait()
    third = await engine.submit(web)

    assert await refused(control.retry(first, "maya")) in {
        f"service-web (update) was asked for anew meanwhile: run {short(third)} is {state}. Follow "
        f"it with `orbits status {short(third)}`. Nothing was changed."
        for state in ("queued", "running")
    }
    ledger.gate("go").set()
    await ended(engine, second)
    await ended(engine, third)
    assert "there is nothing to retry" in await refused(control.retry(second, "maya"))


async def test_a_nested_run_that_is_retried_alone_tells_of_its_parent(
    engine: Engine, control: Control, database: Database, ledger: Ledger
) -> None:
    run = await engine.submit(Layer(depth=2))
    await ended(engine, run)
    ledger.note("mended")
    nested = await the_run(database, "layer-1")

    answer = await control.retry(nested, "maya")

    assert (
        f"It was begun by layer-2 (update, run {short(run)}), which has failed at " in answer.words
    )
    assert answer.words.endswith(f"and stays so: `orbits retry {short(run)}` goes on with both.")
    assert (await ended(engine, nested)).state is State.SUCCEEDED
    await control.retry(run, "maya")
    assert (await ended(engine, run)).state is State.SUCCEEDED
    assert ledger.entries.count("after 1") == 1


# Leaving out


async def test_a_failed_step_is_left_out_and_the_run_goes_on(
    engine: Engine, control: Control, ledger: Ledger
) -> None:
    run = await engine.submit(Records())
    await ended(engine, run)

    answer = await control.skip(run, "maya", "work", '"by hand"')

    assert answer.words == (
        f'The step `work` counts as done, with "by hand". {run} (run) goes on as run '
        f"{short(run)}; 2 finished steps are kept, done again: `record`."
    )
    assert (await ended(engine, run)).result == '"done"'
    assert ledger.entries == ["first", "work", "recorded the failure", "concluded"]


async def test_a_result_that_a_step_cannot_have_is_refused(
    engine: Engine, control: Control, ledger: Ledger
) -> None:
    run = await engine.submit(Records())
    await ended(engine, run)
    assert await refused(control.skip(run, "maya", "work", "[1]")) == (
        "`work` cannot have the result [1]: its code promises something else. Give one that fits, "
        "with `--result`. Nothing was changed."
    )
    assert await refused(control.skip(run, "maya", "work", "by hand")) == (
        "The result for `work` is no JSON: Expecting value: line 1 column 1 (char 0). Write a text "
        "in quotes, such as '\"eu-west-1\"'. Nothing was changed."
    )
    assert await refused(control.skip(run, "maya", "first")) == (
        "The run remembers no step `first`. It remembers: `work`. Nothing was changed."
    )


async def test_a_run_of_the_queue_is_left_out_and_who_waits_for_it_goes_on(
    engine: Engine, control: Control, database: Database, ledger: Ledger
) -> None:
    occupant = await engine.submit(Occupies())
    async with asyncio.timeout(SOON):
        await ledger.arrival("occupant").wait()
    parent = await engine.submit(HandsOver())
    child = await the_run(database, "queued-layer-2", State.QUEUED)

    answer = await control.skip(child, "maya")

    assert answer.words == "Left out queued-layer-2 (update): it counts as skipped, with null."
    assert (await ended(engine, parent)).result == '"handed over"'
    ledger.gate("leave").set()
    await ended(engine, occupant)


async def test_what_was_left_out_answers_what_is_recorded_and_may_be_retried(
    engine: Engine, control: Control, ledger: Ledger
) -> None:
    await engine.run(Disk(name="a", size=1))
    run = await engine.submit(Disk(name="a", size=2, fails=True))
    await ended(engine, run)

    answer = await control.skip(run, "maya")

    assert answer.words == (
        'Left out database-a (update): it counts as skipped, with "db://a?size=1".'
    )
    assert (await ended(engine, run)).result == '"db://a?size=1"'
    await control.retry(run, "maya")
    assert (await ended(engine, run)).state is State.FAILED


async def test_what_runs_is_not_left_out(engine: Engine, control: Control, ledger: Ledger) -> None:
    run = await engine.submit(Disk(name="a", gate="go"))
    async with asyncio.timeout(SOON):
        await ledger.arrival("a").wait()
    assert await refused(control.skip(run, "maya")) == (
        "database-a (update) is running: only a run that is queued, or has failed, can be left "
        f"out. Cancel it first: `orbits cancel {short(run)}`. Nothing was changed."
    )


# Telling


async def test_an_approval_lets_a_run_go_on(
    engine: Engine, control: Control, database: Database, ledger: Ledger
) -> None:
    run = await asks(engine, database, ledger)

    answer = await control.signal(run, None, '{"yes": true}', "maya")

    assert answer.words == f"Sent `approve` to {run} (run); it goes on within about a second."
    assert (await ended(engine, run)).result == '"went on"'


async def test_an_approval_that_does_not_fit_is_refused_with_its_fields(
    engine: Engine, control: Control, database: Database, ledger: Ledger
) -> None:
    run = await asks(engine, database, ledger)
    assert await refused(control.signal(run, "approve", '{"note": 1}', "maya")) == (
        "What was to be sent as `approve` is no Approval: `yes`: field required; `note`: input "
        "should be a valid string. Nothing was sent."
    )
    assert await refused(control.signal(run, "aprove", "true", "maya")) == (
        f"{run} (run) waits for no signal `aprove`: it waits for `approve` ({run}, run "
        f"{short(run)}). To send it ahead: `orbits approve {short(run)} aprove --ahead`. Nothing "
        "was sent."
    )


async def test_an_approval_may_be_sent_ahead_once(
    engine: Engine, control: Control, database: Database, ledger: Ledger
) -> None:
    run = await engine.submit(Asks())
    async with asyncio.timeout(SOON):
        await ledger.gate("prepared").wait()
    stop = '{"yes": false, "note": "later"}'
    assert await refused(control.signal(run, "approve", stop, "maya")) == (
        f"{run} (run) waits for no signal `approve`: it waits for none. To send it ahead: `orbits "
        f"approve {short(run)} approve --ahead`. Nothing was sent."
    )

    answer = await control.signal(run, "approve", stop, "maya", force=True)
    second = await refused(control.signal(run, "approve", '{"yes": true}', "rowan"))
    ledger.gate("ask").set()

    assert answer.words == f"Sent `approve` to {run} (run), ahead of its waiting for it."
    assert second.startswith(f"`approve` was sent to {run} (run) by maya at ")
    assert second.endswith(" UTC already, and the first one counts. Nothing was sent.")
    assert (await ended(engine, run)).result == '"stopped: later"'
    assert "waits for nothing. Nothing was sent." in await refused(
        control.signal(run, "approve", '{"yes": true}', "rowan")
    )


async def asks(engine: Engine, database: Database, ledger: Ledger) -> str:
    """Begin a run that asks for an approval, and wait until it does."""
    ledger.gate("ask").set()
    run = await engine.submit(Asks())
    asked = select(Step).where(col(Step.kind) == "signal")
    await until(database, lambda session: session.exec(asked).first())
    return run


# Reading


async def test_the_status_tells_what_a_run_waits_for(
    engine: Engine, control: Control, database: Database, ledger: Ledger
) -> None:
    run = await asks(engine, database, ledger)
    await control.pause(run, "maya")

    status = await control.status(short(run))

    assert (status.run, status.state, status.state_words) == (run, "running", "running, paused")
    assert [wait.words for wait in status.waits] == ["to be resumed", "for the signal `approve`"]
    assert [(step.name, step.state) for step in status.steps] == [
        ("prepare", "succeeded"),
        ("approve", "waiting"),
    ]
    assert status.owner is not None
    assert status.owner.pid > 0


async def test_the_status_tells_of_lanes_lines_and_what_is_nested(
    engine: Engine, control: Control, database: Database, ledger: Ledger
) -> None:
    occupant = await engine.submit(Occupies())
    async with asyncio.timeout(SOON):
        await ledger.arrival("occupant").wait()
    parent = await engine.submit(HandsOver())
    child = await the_run(database, "queued-layer-2", State.QUEUED)
    forced = await engine.submit(Occupies(), "vacuum")

    lanes = await control.lanes()
    nested = (await control.status(parent)).children
    in_line = await control.status(forced)

    assert [(lane.lane, lane.held, lane.most, lane.waiting) for lane in lanes] == [
        ("tenant:acme", 1, 1, 2)
    ]
    assert [(each.run, [wait.words for wait in each.waits]) for each in nested] == [
        (child, ["for a place in the lane `tenant:acme`"])
    ]
    assert [wait.words for wait in in_line.waits] == [
        f"for its turn on occupant, behind run {short(occupant)}"
    ]
    ledger.gate("leave").set()


async def test_the_holder_of_an_identity_is_named_with_who_is_in_line(
    engine: Engine, control: Control, ledger: Ledger
) -> None:
    first = await engine.submit(Disk(name="a", size=1, gate="go"))
    async with asyncio.timeout(SOON):
        await ledger.arrival("a").wait()
    second = await engine.submit(Disk(name="a", size=2))

    held = await control.holder("database-a")
    ledger.gate("go").set()
    await ended(engine, first)
    await ended(engine, second)
    free = await control.holder("database-a")

    assert held.holder is not None
    assert held.owner is not None
    assert held.words == (
        f"database-a is held by its command update (run {short(first)}) since "
        f"{held.holder.since:%Y-%m-%d %H:%M:%S} UTC, carried out on {held.owner.host}, process "
        f"{held.owner.pid}. Free it with `orbits cancel {short(first)}`. In line: update (run "
        f"{short(second)})."
    )
    assert free.last is not None
    assert free.words == (
        f"database-a is free. Last ended: update (run {short(second)}), succeeded at "
        f"{free.last.since:%Y-%m-%d %H:%M:%S} UTC."
    )
    assert await refused(control.holder("database-b")) == (
        "Nothing is known of `database-b`: no run has worked on it. `orbits runs` lists those that "
        "there are."
    )


async def test_runs_are_listed_the_newest_first(database: Database, control: Control) -> None:
    runs = [await queued(database, Disk(name=name), f"database-{name}") for name in "abc"]
    await control.cancel(runs[1], "maya")

    assert [line.run for line in await control.runs()] == runs[::-1]
    assert [line.run for line in await control.runs(State.QUEUED, limit=1)] == [runs[2]]
    assert [line.run for line in await control.runs(identity="database-b")] == [runs[1]]


async def test_a_run_is_known_by_the_end_of_its_id(database: Database, control: Control) -> None:
    def add(session: Session) -> None:
        for run_id in ("0" * 12 + "aaaaaa123456", "0" * 12 + "bbbbbb123456"):
            wanted = Wanted(run_id, "run", "f", "things:Thing", "{}")
            values = run_values(wanted, run_id, SystemClock().now()) | queued_values(run_id)
            session.add(Run(**values))

    await database.write(add)
    assert (await control.status("AAAAAA123456")).run == "0" * 12 + "aaaaaa123456"
    assert await refused(control.pause("123456", "maya")) == (
        "The ids of several runs end in `123456`: "
        "000000000000bbbbbb123456 (000000000000bbbbbb123456, run), "
        "000000000000aaaaaa123456 (000000000000aaaaaa123456, run). Type more of it. Nothing was "
        "changed."
    )
    for typed in ("23456", "%23456", "database-a"):
        with pytest.raises(RunNotFound, match=f"`{typed}` names no run: type its id"):
            await control.status(typed)
    with pytest.raises(RunNotFound, match="There is no run `abcdef` in the store"):
        await control.cancel("abcdef", "maya")
