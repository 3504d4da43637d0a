"""Takes runs from the store and carries them out, as one of the processes that may.

What is asked for is a row before it is begun. A run that was cut off goes on at its first
unfinished step, here or wherever somebody takes it up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Any, Self

import structlog

from bot.alarm import Alarm
from bot.engine.background import Background
from bot.engine.clock import Clock, SystemClock
from bot.engine.control.intervention import RunNotFound
from bot.engine.definitions.kinds import Wanted, identity_of, revived
from bot.engine.definitions.outcomes import Outcome
from bot.engine.dispatch import Dispatch
from bot.engine.happenings import Happening, Listener, RunEnded
from bot.engine.identifiers import new_id
from bot.engine.interruptions import Drained, LeaseLost, RunInterrupted, StoreFailed
from bot.engine.journal.asking import RunQueue
from bot.engine.journal.journal import Journal
from bot.engine.journal.rows import Claim, End, RootClaim, Taken
from bot.engine.journal.sweeps import sweep
from bot.engine.live_run import Gate
from bot.engine.logs.step_log import StepLogs
from bot.engine.owner import Ownership
from bot.engine.pace import Pace
from bot.engine.places import Lanes, Places, RootPlace
from bot.engine.polling import Polling
from bot.engine.steps.commands import Commands
from bot.engine.steps.orders import Order, deadline_of, skipped_as
from bot.engine.surroundings import Given, Surroundings
from bot.engine.watch import Watch
from bot.states import State
from bot.store.bell import Bell
from bot.store.database import Database
from bot.store.seat import Seat
from bot.store.tables import Run
from resources.errors import OrbitsError
from resources.masking import Masks
from resources.model.definition import Definition
from resources.model.failure import Failure, step_failed
from resources.model.resource import Resource
from resources.model.values import CHANGING, command_result_type, result_type

log = structlog.get_logger(__name__)


class Engine:
    """Carries out runs on one database, to be used as an async context.

    Leaving the context lets steps go on for `pace.grace`, and cuts the runs off then: they stay
    in the store, and go on wherever they are taken up.
    """

    def __init__(  # noqa: PLR0913 (what an engine is made of)
        self,
        database: Database,
        *,
        seat: Seat | None = None,
        clock: Clock | None = None,
        given: Iterable[object] = (),
        listeners: Iterable[Listener] = (),
        pace: Pace | None = None,
        at_once: int | None = None,
        dispatch: Dispatch | None = None,
        masks: Masks | None = None,
    ) -> None:
        self._database = database
        self._pace = pace or Pace()
        self._clock = clock or SystemClock()
        self._listeners = tuple(listeners)
        self._dispatch: Dispatch = dispatch or Polling(database)
        self._polling = self._dispatch if isinstance(self._dispatch, Polling) else None
        self._bell = Bell.of(database)
        self._seat = seat or Seat.of(database)
        self.ownership = Ownership(
            database,
            self._seat,
            self._clock,
            self._pace.heartbeat,
            self._pace.expiry,
        )
        masks = masks or Masks()
        self._logs = StepLogs(database, self._clock, masks)
        self._journal = Journal(database, self.ownership.id, self._dispatch, self._bell)
        self.queue = RunQueue(self._dispatch, self._pace.limits)
        self._look_again = Alarm(self._pace.look_every)
        self._watch = Watch(self._journal, self._look_again.ring)
        self._gate = Gate()
        self._background = Background()
        self._around = Surroundings(
            journal=self._journal,
            clock=self._clock,
            given=Given(*given),
            tell=self._tell,
            watch=self._watch,
            masks=masks,
            logs=self._logs,
            limits=self._pace.limits,
            patience=self._pace.patience,
            background=self._background,
            wake=self.wake,
        )
        self._commands = Commands(self._around, self._gate)
        self._places = Places(at_once or self._pace.at_once)
        self._roots: dict[str, asyncio.Task[None]] = {}
        self._taking: set[str] = set()
        self._ended: dict[str, asyncio.Future[Outcome | None]] = {}
        self._strays: set[str] = set()
        """Runs that the store has as ours, and that do not go on here."""
        self.lost = asyncio.Event()
        """Set when other processes count this engine as dead: it does nothing any more."""
        self._tasks: list[asyncio.Task[None]] = []
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Become an owner of runs, and begin to look for work."""
        try:
            await self.ownership.begin()
            await self._open.enter_async_context(self._logs)
            await sweep(self._database, self._journal, self._clock.now(), self._pace.patience)
        except BaseException:
            await self._open.aclose()
            await self.ownership.end()
            raise
        self._tasks = [
            asyncio.create_task(self._look_after_waits(), name="engine-look"),
            asyncio.create_task(self._stay_alive(), name="engine-heartbeat"),
            asyncio.create_task(self._bell.hear(self._heard), name="engine-bell"),
            asyncio.create_task(
                self._dispatch.deliver(self._look, self._places.most), name="engine-dispatch"
            ),
        ]
        return self

    async def __aexit__(self, *problem: object) -> None:
        """Let steps end, cut off what goes on then, and give everything back."""
        try:
            await self.drain()
        finally:
            # Asked to end again, it ends at once: it waits for nothing but its own writes.
            await asyncio.shield(asyncio.create_task(self._leave()))

    async def _leave(self) -> None:
        # First those that begin runs: none begins after the others were cut off.
        self._commands.turns.closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._cut_off()
        self._watch.close()
        await self._background.close()
        await self._open.aclose()
        with suppress(RunInterrupted):
            await self._journal.give_back()
        await self.ownership.end()

    # Asking

    async def submit(
        self,
        definition: Definition,
        command: str | None = None,
        *,
        force: bool = False,
        priority: int = 0,
    ) -> str:
        """Write down that `definition` is to be done, and answer the run's id.

        An equal run that is live is answered instead. `command` is for resources only; a higher
        `priority` is taken sooner.
        """
        wanted = wanted_of(definition, command)
        if not wanted.identity and self._places.any_free and not self._gate.draining:
            # Nobody can share it or be in its way: it is written down as begun.
            # In a task of its own: once it is written down it is driven, whoever still waits.
            await self._places.take()
            return await asyncio.shield(
                asyncio.create_task(self._begin_now(definition, wanted, -priority))
            )
        now = self._clock.now()
        lanes = definition.lanes() if isinstance(definition, Resource) else ()
        deadline = deadline_of(definition, now)
        ask = self.queue.ask(
            wanted, now, lanes=lanes, force=force, rank=-priority, deadline_at=deadline
        )
        run_id: str = await self._database.write_together(self.queue.enqueue_all, ask)
        self.wake()
        return run_id

    async def run(
        self, definition: Definition, command: str | None = None, *, force: bool = False
    ) -> Any:
        """Do `definition` durably, and answer its result; raises `StepFailed`."""
        outcome = await self.outcome(await self.submit(definition, command, force=force))
        if isinstance(definition, Resource):
            results = command_result_type(definition, command or definition.digest())
        else:
            results = result_type(definition)
        return outcome.answer(results.from_json)

    async def outcome(self, run_id: str) -> Outcome:
        """Wait until the run has ended, and answer what became of it; raises `RunNotFound`."""
        while True:
            here = self._ended.get(run_id)
            outcome = await asyncio.shield(here) if here is not None else None
            if outcome is not None:
                return outcome
            run = await self._journal.run(run_id)
            if run is None:
                raise RunNotFound(f"There is no run {run_id} in the store.")
            if run.state.terminal:
                return Outcome.stored(run.state, run.result, run.failure)
            await self._watch.end(run_id)

    def wake(self) -> None:
        """Look for work now: somebody has just written some down."""
        if self._polling is not None:
            self._polling.wake()

    # Working

    async def _begin_now(self, definition: Definition, wanted: Wanted, rank: int) -> str:
        now = self._clock.now()
        claim = Claim(wanted, new_id(now), now, rank=rank, deadline_at=deadline_of(definition, now))
        try:
            taken = await self._journal.claim(claim)
        except BaseException:
            self._places.leave()
            raise
        if not isinstance(taken, Taken):
            self._places.leave()
            raise StoreFailed(f"{claim.run_id} was begun by somebody else")
        self._drive_in_task(Order(definition, wanted), taken, None)
        return claim.run_id

    async def _look(self, run_id: str) -> None:
        """Take a run of the queue if it may be; return when it occupies no place any more."""
        await self._places.take()
        try:
            place = await self._begun(run_id)
        except BaseException:
            self._places.leave()
            raise
        if place is None:
            self._places.leave()
            return
        await place.left.wait()

    async def _begun(self, run_id: str) -> RootPlace | None:
        if self._gate.draining or run_id in self._roots or run_id in self._taking:
            return None
        self._taking.add(run_id)
        try:
            return await self._taken_up(run_id)
        except LeaseLost:
            # Others count this process as dead: it learns so at its next heartbeat.
            return None
        finally:
            self._taking.discard(run_id)

    async def _taken_up(self, run_id: str) -> RootPlace | None:
        run = await self._journal.run(run_id)
        if run is None or run.state.terminal:
            return None
        try:
            order = _order(run)
        except OrbitsError as error:
            await self._refuse(run, error)
            return None
        taken = await self._taken(run, order)
        if taken is None:
            return None
        lanes = Lanes(self._journal.occupy, self._journal.leave_lanes)
        return self._drive_in_task(order, taken, lanes)

    async def _taken(self, run: Run, order: Order) -> Taken | None:
        claim = RootClaim(run.id, self._clock.now(), check=True, changing=CHANGING)
        taken = await self._journal.claim_root(claim)
        if taken is None or taken.record is None or not taken.up_to_date:
            return taken
        skipped = await skipped_as(order, taken.record)
        if skipped is None:
            await self._journal.unsettle(order.wanted.identity)
            if await self._journal.occupy(run.id):
                return taken
            await self._journal.put_back(run.id)
            return None
        await self._drive(run.id, partial(self._commands.skip_root, order, taken, skipped))
        return None

    def _drive_in_task(self, order: Order, taken: Taken, lanes: Lanes | None) -> RootPlace:
        run_id = taken.begun.grip.run_id
        place = RootPlace(run_id, self._places, self._watch, lanes)
        self._ended[run_id] = asyncio.get_running_loop().create_future()
        work = partial(self._commands.as_root, order, taken, place)
        task = asyncio.create_task(self._drive(run_id, work), name=f"run {run_id}")
        self._roots[run_id] = task
        shared = bool(order.wanted.identity)
        task.add_done_callback(lambda _: self._left(run_id, place, shared=shared))
        return place

    def _left(self, run_id: str, place: RootPlace, *, shared: bool) -> None:
        """Tidy up after a root; others may have waited for its place, or for what it shared."""
        self._roots.pop(run_id, None)
        ended = self._ended.pop(run_id, None)
        if ended is not None and not ended.done():
            # It was cut off here, and goes on wherever it is taken up.
            ended.set_result(None)
        place.close()
        if shared or (self._polling is not None and self._polling.left_some):
            self.wake()

    async def _drive(self, run_id: str, work: Callable[[], Awaitable[object]]) -> None:
        """Carry out one root run; whatever goes wrong with it is in its row, or in our log.

        One that is interrupted was given back by whoever carried it out.
        """
        try:
            await work()
        except LeaseLost:
            log.warning("run_lost", run=run_id)
        except Drained:
            pass
        except StoreFailed as failed:
            log.warning("run_interrupted", run=run_id, problem=str(failed))
        except Exception:
            log.exception("run_interrupted", run=run_id)

    async def _refuse(self, run: Run, error: OrbitsError) -> None:
        """End a run that this code cannot read, with the reason."""
        claim = RootClaim(run.id, self._clock.now(), check=False, changing=frozenset())
        taken = await self._journal.claim_root(claim)
        if taken is None:
            return
        failed = step_failed(error, step="read", identity=run.identity, run_id=run.id)
        outcome = Outcome(State.FAILED, failure=Failure.of(failed))
        grip = taken.begun.grip
        end = End(grip, run.identity, outcome, self._clock.now(), has_parent=True, leaves=True)
        await self._journal.end(end)
        self._watch.tell([run.id])
        self._tell(RunEnded(run.id, run.identity, run.command, outcome))

    # Waits and what was told

    async def _look_after_waits(self) -> None:
        async for _ in self._look_again.rounds():
            try:
                await self._watch.look()
                await self._do_as_told()
                await self._take_over()
            except (Exception, RunInterrupted):
                log.exception("waits_not_read", what="the store could not be asked")

    async def _take_over(self) -> None:
        """Count those as dead whose hearts have stopped, and see to what they left."""
        if not self._seat.is_the_only_one and await self.ownership.bury_the_dead():
            await self._put_right()

    async def _do_as_told(self) -> None:
        if not self._commands.live:
            return
        told = {each.run_id: each for each in await self._journal.told()}
        for run_id, run in list(self._commands.live.items()):
            asked = told.get(run_id)
            if asked is not None and asked.cancelled_by is not None:
                self._commands.cancel(run_id, asked.cancelled_by)
            if asked is not None and asked.paused:
                run.gate.pause()
            else:
                run.gate.resume()

    def _heard(self, words: Sequence[str]) -> None:
        self._watch.tell(words)
        # Who waits was told. What is asked of a run that goes on here stands in its row.
        if not words or not self._commands.live.keys().isdisjoint(words):
            self._look_again.ring()

    # Living and dying

    async def _stay_alive(self) -> None:
        lost = asyncio.create_task(self._seat.lost.wait())
        try:
            while not lost.done() and await self._beats():
                pass
        finally:
            lost.cancel()
        log.error("declared_dead", owner=self.ownership.id, runs=len(self._roots))
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        self._gate.draining = True
        await self._cut_off()
        self.lost.set()

    async def _beats(self) -> bool:
        """Wait for a heartbeat, and answer whether we count as alive; a missed one is no death."""
        try:
            alive = await self.ownership.beat()
            if alive:
                await self._put_right()
        except (Exception, RunInterrupted):
            log.exception("heartbeat_missed", owner=self.ownership.id)
            return True
        return alive

    async def _put_right(self) -> None:
        """End what nobody else will, and tell anew of what nobody would hear of."""
        owned = set(await self._journal.owned())
        strays = owned - set(self._commands.live) - self._commands.turns.in_line
        # Twice in a row: one that was claimed just now is not at work yet.
        for run_id in strays & self._strays:
            log.warning("run_strayed", run=run_id)
            await self._journal.give_back(run_id)
        self._strays = strays
        await sweep(self._database, self._journal, self._clock.now(), self._pace.patience)
        self.wake()

    async def drain(self) -> None:
        """Begin no step and no run any more, and wait for the steps that go on, up to the grace.

        What only waits, for a time or for others, is not waited for.
        """
        self._gate.draining = True
        if self._roots and self._pace.grace:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.grace.total_seconds()):
                    await self._gate.activity.still()

    async def _cut_off(self) -> None:
        self._commands.turns.closing = True
        tasks = list(self._roots.values())
        tasks += [run.task for run in self._commands.live.values() if run.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _tell(self, happening: Happening) -> None:
        if isinstance(happening, RunEnded):
            self._resolve(happening.run_id, happening.outcome)
        for listener in self._listeners:
            try:
                listener(happening)
            except Exception:
                log.exception("listener_failed", happening=type(happening).__name__)

    def _resolve(self, run_id: str, outcome: Outcome) -> None:
        ended = self._ended.get(run_id)
        if ended is not None and not ended.done():
            ended.set_result(outcome)


def wanted_of(definition: Definition, command: str | None = None) -> Wanted:
    """Answer what is wanted when `definition` is asked for, as a row of the store has it."""
    if isinstance(definition, Resource):
        return Wanted.of(definition, command or definition.digest(), definition.identity())
    return Wanted.of(definition, "run", identity_of(definition, ""))


def _order(run: Run) -> Order:
    """Answer what a row asks for; raises `OrbitsError` where the code of today cannot tell."""
    wanted = Wanted(run.identity, run.command, run.fingerprint, run.kind, run.arguments)
    return Order(revived(run.kind, run.arguments), wanted)
