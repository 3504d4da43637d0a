"""Takes runs from the store and carries them out, as the one process that may.

What is asked for is a row before it is begun. A run that was cut off goes on at its first
unfinished step, here or wherever the next process starts.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any, Self

import structlog

from bot.alarm import Alarm
from bot.engine.clock import Clock, SystemClock
from bot.engine.commands import Commands, Order, Taking
from bot.engine.happenings import Happening, Listener, RunBegan, RunEnded
from bot.engine.interruptions import LeaseLost, StoreFailed
from bot.engine.journal import Journal, enqueue
from bot.engine.kinds import Wanted, identity_of, revived
from bot.engine.locks import IdentityLocks, Node, WaitGraph
from bot.engine.outcomes import Failure, Outcome, step_failed
from bot.engine.owner import Ownership
from bot.engine.rows import Begun, End
from bot.engine.scope import Given, LiveRun, RunScope, Surroundings
from bot.engine.values import command_result_type, result_type
from bot.states import LIVE, State
from bot.store.database import Database
from bot.store.seat import Seat
from bot.store.tables import Run
from resources.errors import OrbitsError
from resources.model.definition import Definition
from resources.model.resource import Resource
from resources.model.workflow import Workflow

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(seconds=1)


class RunNotFound(OrbitsError):
    """A run was asked for that the store does not have."""


class Engine:
    """Carries out runs on one database, to be used as an async context.

    Leaving the context cuts its runs off between two steps: they stay in the store, and go on
    when an engine is next started on it.
    """

    def __init__(  # noqa: PLR0913 (what an engine is made of)
        self,
        database: Database,
        *,
        seat: Seat | None = None,
        clock: Clock | None = None,
        given: Iterable[object] = (),
        listeners: Iterable[Listener] = (),
        at_once: int = 100,
    ) -> None:
        self._database = database
        self._clock = clock or SystemClock()
        self._listeners = tuple(listeners)
        self.ownership = Ownership(database, seat or Seat.of(database), self._clock)
        self._journal = Journal(database, self.ownership.id)
        around = Surroundings(self._journal, self._clock, Given(*given), self._tell)
        self._around = around
        self._graph = WaitGraph()
        self._locks = IdentityLocks(self._graph)
        self._commands = Commands(around, self._locks, self._graph)
        self._at_once = at_once
        self._roots: dict[str, asyncio.Task[None]] = {}
        self._ended: dict[str, asyncio.Future[Outcome]] = {}
        self._look_again = Alarm()
        self.lost = asyncio.Event()
        """Set when other processes count this engine as dead: it does nothing any more."""
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Become an owner of runs, reserve what was cut off, and begin to look for work."""
        try:
            await self.ownership.begin()
            await self._reserve_interrupted()
        except BaseException:
            await self.ownership.end()
            raise
        self._tasks = [
            asyncio.create_task(self._look_for_work(), name="engine-look"),
            asyncio.create_task(self._stay_alive(), name="engine-heartbeat"),
        ]
        return self

    async def __aexit__(self, *problem: object) -> None:
        """Cut off what goes on, and give it back."""
        for task in self._tasks:
            task.cancel()
        await self._cut_off()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for ended in self._ended.values():
            ended.cancel()
        await self.ownership.end()

    # Asking

    async def submit(
        self, definition: Definition, command: str | None = None, *, force: bool = False
    ) -> str:
        """Write down that `definition` is to be done, and answer the run's id.

        An equal run that is live is answered instead. `command` is for resources only.
        """
        wanted = wanted_of(definition, command)
        if not wanted.identity and len(self._roots) < self._at_once:
            # Nobody can share it or be in its way: it is written down as begun.
            # In a task of its own: once it is written down it is driven, whoever still waits.
            return await asyncio.shield(asyncio.create_task(self._begin_now(definition, wanted)))
        run = await self._database.write(
            lambda session: enqueue(session, wanted, self._clock.now(), force=force)
        )
        self._begin(run)
        return run.id

    async def _begin_now(self, definition: Definition, wanted: Wanted) -> str:
        begun = await self._journal.begin(wanted, None, self._clock.now(), changes=False)
        work = partial(self._carry_out_begun, definition, wanted, begun)
        self._drive_in_task(begun.root_id, work)
        return begun.root_id

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
        ended = self._end_of(run_id)
        if run_id not in self._roots:
            # It may have ended before we began to wait.
            self._tell_if_ended(await self._journal.run(run_id), run_id)
        try:
            return await asyncio.shield(ended)
        finally:
            self._forget_end(run_id)

    def _end_of(self, run_id: str) -> "asyncio.Future[Outcome]":
        """Answer what will hold the run's outcome: made when it is driven here, or waited for."""
        if run_id not in self._ended:
            self._ended[run_id] = asyncio.get_running_loop().create_future()
        return self._ended[run_id]

    def _forget_end(self, run_id: str) -> None:
        ended = self._ended.get(run_id)
        if ended is not None and ended.done() and run_id not in self._roots:
            del self._ended[run_id]

    def wake(self) -> None:
        """Look for work now: somebody has just written some down."""
        self._look_again.ring()

    # Working

    async def _look_for_work(self) -> None:
        async for _ in self._look_again.rounds():
            await self._begin_what_waits()

    async def _begin_what_waits(self) -> None:
        if len(self._roots) >= self._at_once:
            return
        try:
            waiting = await self._journal.waiting(self._at_once)
        except Exception:
            log.exception("runs_not_read", what="the store could not be asked for waiting runs")
            return
        for run in waiting:
            self._begin(run)

    def _begin(self, run: Run) -> None:
        """Carry the run out in a task of its own, unless there are enough; then it waits."""
        if run.id in self._roots or run.id != run.root_id or len(self._roots) >= self._at_once:
            return
        self._drive_in_task(run.id, partial(self._carry_out, run))

    def _drive_in_task(self, run_id: str, work: Callable[[], Awaitable[None]]) -> None:
        self._end_of(run_id)
        task = asyncio.create_task(self._drive(run_id, work), name=f"run {run_id}")
        self._roots[run_id] = task
        task.add_done_callback(lambda _: self._left(run_id))

    def _left(self, run_id: str) -> None:
        was_full = len(self._roots) >= self._at_once
        self._roots.pop(run_id, None)
        self._forget_end(run_id)
        self._commands.release(run_id)
        if was_full:
            self.wake()

    async def _drive(self, run_id: str, work: Callable[[], Awaitable[None]]) -> None:
        """Carry out one root run; whatever goes wrong with it is in its row, or in our log."""
        try:
            await work()
        except LeaseLost:
            log.warning("run_lost", run=run_id)
        except StoreFailed as failed:
            log.warning("run_interrupted", run=run_id, problem=str(failed))
            await self._give_back(run_id)
        except Exception:
            log.exception("run_interrupted", run=run_id)
            await self._give_back(run_id)

    async def _give_back(self, run_id: str) -> None:
        """Let go of a run, so that it is taken up again; try until the store takes that."""
        while True:
            try:
                await self._journal.give_back(run_id, self._commands.active_runs())
                await self._reserve_interrupted()
            except StoreFailed as failed:
                log.warning("run_not_given_back", run=run_id, problem=str(failed))
                await asyncio.sleep(AGAIN_AFTER.total_seconds())
            else:
                return

    async def _carry_out(self, run: Run) -> None:
        wanted = Wanted(run.identity, run.command, run.fingerprint, run.kind, run.arguments)
        try:
            definition = revived(run.kind, run.arguments)
        except OrbitsError as error:
            await self._refuse(run, wanted, error)
            return

        async def take(changes: bool) -> Begun | None:
            return await self._journal.take(run, self._clock.now(), changes=changes)

        async def forced() -> bool:
            now = await self._journal.run(run.id)
            return now is not None and now.force

        if isinstance(definition, Resource):
            await self._commands.as_root(Order(definition, wanted, take, forced))
        else:
            await self._carry_out_alone(definition, wanted, take)

    async def _carry_out_alone(self, definition: Definition, wanted: Wanted, take: Taking) -> None:
        node = Node(wanted.identity)
        async with self._locks.holding(wanted.identity, wanted.key, node):
            begun = await take(False)
            if begun is None:
                return
            await self._carry_out_begun(definition, wanted, begun, node)

    async def _carry_out_begun(
        self, definition: Definition, wanted: Wanted, begun: Begun, node: Node | None = None
    ) -> None:
        identity = wanted.identity or begun.root_id
        run = LiveRun(begun, identity, node or Node(identity))
        resumed = bool(begun.memory)
        self._tell(RunBegan(run.run_id, run.identity, wanted.command, resumed))
        outcome = await self._perform(run, definition)
        await self._end(run, wanted, outcome)

    async def _perform(self, run: LiveRun, definition: Definition) -> Outcome:
        scope = RunScope(run, self._around, self._commands)
        if isinstance(definition, Workflow):
            body = definition.bound_to(scope).define
        else:
            body = partial(scope.do, "run", definition)
        return await scope.outcome_of(
            body, lambda: result_type(definition), lambda error: scope.failed(error, "run")
        )

    async def _end(self, run: LiveRun, wanted: Wanted, outcome: Outcome) -> None:
        await self._journal.end(End(run.begun.grip, outcome, self._clock.now()))
        self._tell(RunEnded(run.run_id, run.identity, wanted.command, outcome))

    async def _refuse(self, run: Run, wanted: Wanted, error: OrbitsError) -> None:
        """End a run that this code cannot read, with the reason."""
        begun = await self._journal.take(run, self._clock.now(), changes=False)
        if begun is None:
            return
        failed = step_failed(error, step="read", identity=run.identity, run_id=run.id)
        outcome = Outcome(State.FAILED, failure=Failure.of(failed))
        await self._end(LiveRun(begun, run.identity, Node(run.identity)), wanted, outcome)

    # Living and dying

    async def _stay_alive(self) -> None:
        while await self._beats():
            pass
        log.error("declared_dead", owner=self.ownership.id, runs=len(self._roots))
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        await self._cut_off()
        self.lost.set()

    async def _beats(self) -> bool:
        """Wait for a heartbeat, and answer whether we count as alive; a missed one is no death."""
        try:
            alive = await self.ownership.beat()
            if alive and await self.ownership.bury_the_dead():
                await self._reserve_interrupted()
                self.wake()
        except (Exception, StoreFailed):
            log.exception("heartbeat_missed", owner=self.ownership.id)
            return True
        return alive

    async def _reserve_interrupted(self) -> None:
        await self._journal.cancel_orphans(self._clock.now())
        for run in await self._journal.interrupted():
            self._commands.reserve(run)

    async def _cut_off(self) -> None:
        self._commands.closing = True
        roots = list(self._roots.values())
        for task in roots:
            task.cancel()
        await asyncio.gather(*roots, return_exceptions=True)

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

    def _tell_if_ended(self, run: Run | None, run_id: str) -> None:
        if run is None:
            self._ended.pop(run_id, None)
            raise RunNotFound(f"There is no run {run_id} in the store.")
        if run.state not in LIVE:
            self._resolve(run_id, Outcome.stored(State(run.state), run.result, run.failure))


def wanted_of(definition: Definition, command: str | None = None) -> Wanted:
    """Answer what is wanted when `definition` is asked for, as a row of the store has it."""
    if isinstance(definition, Resource):
        return Wanted.of(definition, command or definition.digest(), definition.identity())
    return Wanted.of(definition, "run", identity_of(definition, ""))
