"""How a step comes to its run: by a claim, as one who joins, or after a wait in line.

What a step does not wait for any more, it leaves: to whoever else waits for it, or to nobody.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from functools import partial

from bot.engine.definitions.outcomes import Outcome
from bot.engine.identifiers import new_id
from bot.engine.interruptions import RunInterrupted
from bot.engine.journal.rows import Behind, Claim, Claimed, Done, End, Joins, Taken, UpToDate
from bot.engine.journal.waits import Fate
from bot.engine.live_run import LiveRun
from bot.engine.patience import Limit
from bot.engine.steps.orders import Order, deadline_of, skipped_as
from bot.engine.surroundings import Surroundings
from bot.states import State
from resources.model.resource import Resource
from resources.model.time_limit import in_time_for
from resources.model.values import CHANGING

FIRST_LOOK_SECONDS = 1.0
LAST_LOOK_SECONDS = 15.0
"""Who waits in line looks again ever more seldom: who is ahead may have lost its turn."""


class Turns:
    """The claims of the steps of this process, and who of them waits."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self.in_line: set[str] = set()
        """The runs that somebody here waits with in line."""
        self.closing = False
        """Whether the process ends: what is cancelled then goes on elsewhere."""

    async def claimed(
        self, order: Order, *, force: bool, last_try: bool
    ) -> Outcome | Taken | Joins | Done:
        """Answer the recorded output, the run to be carried out, or the one to be joined."""
        claim = self._claim(order, force=force, last_try=last_try)
        began = self._around.clock.now()
        again_after = FIRST_LOOK_SECONDS
        while True:
            claimed = await self._answer_to(order, claim)
            match claimed:
                case UpToDate(record):
                    skipped = await skipped_as(order, record)
                    if skipped is not None:
                        return skipped
                    claim = replace(claim, check=False)
                case Behind(run_id, ahead):
                    limit = Limit(began + self._around.patience, claim.deadline_at)
                    await self._in_line(order, Behind(run_id, ahead), limit, again_after)
                    again_after = min(2 * again_after, LAST_LOOK_SECONDS)
                    # Where nothing else goes on in the root, what it was cut off in and has not
                    # asked for again will not be asked for.
                    nobody_else = order.asked is not None and order.asked.by.run.root.acting <= 1
                    claim = replace(
                        claim, run_id=run_id, check=False, gives_up=nobody_else, again=True
                    )
                case Taken() | Joins() | Done():
                    if claim.lanes is not None:
                        self._around.wake()
                    return claimed

    async def _answer_to(self, order: Order, claim: Claim) -> Claimed:
        """Answer what the journal decides; when nobody waits for that any more, it is undone."""
        claiming = asyncio.ensure_future(self._around.journal.claim(claim))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            if not self.closing:
                undoing = asyncio.ensure_future(self._undo(order, claiming))
                await asyncio.shield(undoing)
            raise

    async def _undo(self, order: Order, claiming: "asyncio.Future[Claimed]") -> None:
        with suppress(Exception, RunInterrupted):
            claimed = await claiming
            match claimed:
                case Taken(begun=begun):
                    if not await self.leave(order, begun.grip.run_id):
                        self.let_go(begun.grip.run_id)
                        return
                    end = End(
                        begun.grip,
                        order.wanted.identity,
                        Outcome(State.CANCELLED),
                        self._around.clock.now(),
                    )
                    await self._around.journal.end(end)
                case Joins(run_id=run_id) | Behind(run_id=run_id):
                    await self.leave(order, run_id)

    def _claim(self, order: Order, *, force: bool, last_try: bool) -> Claim:
        now = self._around.clock.now()
        resource, asked = order.definition, order.asked
        run = asked.by.run if asked else None
        lanes = None
        if isinstance(resource, Resource) and resource.queued:
            lanes = self._around.limits.places(resource.lanes())
        return Claim(
            wanted=order.wanted,
            run_id=new_id(now),
            at=now,
            parent=run.begun if run else None,
            parent_step=asked.step if asked else None,
            check=not force,
            changes=order.wanted.command in CHANGING,
            lanes=lanes,
            rank=run.begun.rank if run else 0,
            deadline_at=deadline_of(order.definition, now),
            force=force,
            last_try=last_try,
        )

    async def _in_line(
        self, order: Order, behind: Behind, limit: Limit, again_after: float
    ) -> None:
        """Wait until the run ahead has gone, or for so many seconds.

        Raises `IdentityBusy` when patience is at its end, and `TimedOut` at the deadline.
        """
        if order.asked is None:
            return
        run, around = order.asked.by.run, self._around
        run_id, ahead = behind.run_id, behind.ahead
        run.waited = True
        self.in_line.add(run_id)
        try:
            async with run.waiting():
                waiting = around.watch.end_within([ahead, run_id], again_after)
                await in_time_for(waiting, around.clock, limit.until)
        except BaseException as error:
            if self.gives_up(run):
                await self.leave(order, run_id)
            if isinstance(error, TimeoutError):
                holder = await around.journal.run(ahead)
                raise limit.reached(order.wanted, around.patience, holder) from None
            raise
        finally:
            self.in_line.discard(run_id)

    async def elsewhere(self, order: Order, run_id: str) -> Outcome:
        """Answer the outcome of a run that somebody else carries out, or is to carry out.

        `CANCELLED` where nobody does any more: then it is to be asked for anew.
        """
        if order.asked is None:
            return Outcome(State.CANCELLED)
        waiter = order.asked.by.run
        waiter.waited = True
        try:
            async with waiter.waiting():
                return await self._end_of(run_id)
        except asyncio.CancelledError:
            if self.gives_up(waiter):
                await self.leave(order, run_id)
            raise

    async def _end_of(self, run_id: str) -> Outcome:
        waited = False
        while True:
            row = await self._around.journal.run(run_id)
            if row is None:
                return Outcome(State.CANCELLED)
            if row.state.terminal:
                # Who was skipped by hand counts as done, whatever is asked for.
                by_hand = row.state is State.SKIPPED and row.cancelled_by is not None
                state = State.SUCCEEDED if by_hand else row.state
                return Outcome.stored(state, row.result, row.failure)
            nested = row.id != row.root_id
            if waited and nested:
                # Whoever worked on it is gone: who waits for it may take it up.
                return Outcome(State.CANCELLED)
            watch = self._around.watch
            await (watch.end_or_loss(run_id) if nested else watch.end(run_id))
            waited = True

    def gives_up(self, run: LiveRun) -> bool:
        """Answer whether a run that is cancelled just now gives up what it waits for.

        One that is interrupted goes on later, and asks for it again.
        """
        return not (self.closing or run.interrupted)

    async def leave(self, order: Order, run_id: str) -> bool:
        """Let the step wait no more; answer whether the run is to be ended by who works on it."""
        if order.asked is None:
            return False
        waiter, step, now = order.asked.by.run.run_id, order.asked.step, self._around.clock.now()
        leave = partial(self._around.journal.leave, waiter, step, run_id, now)
        try:
            fate = await leave()
        except RunInterrupted:
            self._around.background.repair(f"leaving {run_id}", leave)
            return False
        self._around.watch.tell([run_id])
        if fate is Fate.QUEUED:
            self._around.wake()
        return fate is Fate.ENDED

    def let_go(self, run_id: str) -> None:
        """Give a run back that goes on later, here or elsewhere."""
        give_back = partial(self._around.journal.give_back, run_id)

        async def give_it_back() -> None:
            await give_back()
            self._around.watch.tell([run_id])
            self._around.wake()

        if not self.closing:
            self._around.background.repair(f"giving back {run_id}", give_it_back)
