"""What people do to runs and ask of them, on the store: no engine need be in the process.

Whoever works on a run hears of it by the bell, or at its next look, within about a second.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session

from bot.engine.clock import Clock
from bot.engine.control import cancelling, reading, retrying, telling
from bot.engine.control.intervention import Answer, Intervention, has_come, named
from bot.engine.control.status import HolderStatus, LaneStatus, RunLine, RunStatus
from bot.engine.dispatch import Dispatch
from bot.engine.identifiers import short
from bot.engine.journal.aftermath import Aftermath
from bot.engine.journal.queue import next_in_line
from bot.engine.pace import Limits
from bot.states import State
from bot.store.bell import Bell
from bot.store.database import Database
from bot.store.failures import is_conflict
from resources.errors import Refused
from resources.model.values import NOTHING

T = TypeVar("T")


class Control:
    """Acts on runs and tells of them; each act is one transaction.

    A run is named by its id, or by six or more of its last characters; `by` is who asks. An act
    raises `Refused`, of which `RunNotFound` is one, where it changes nothing. `limits` are those
    of the engines: what goes back to the queue keeps to them.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        dispatch: Dispatch,
        bell: Bell | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._dispatch = dispatch
        self._bell = bell or Bell.of(database)
        self._limits = limits or Limits()
        self._aftermath = Aftermath(database.engine.dialect.name, dispatch, self._bell)

    # Acts

    async def cancel(self, run: str, by: str, reason: str = "") -> Answer:
        """End a run: at once, or through whoever works on it, with what its scripts started."""
        return await self._act(_who(by, reason), lambda hand: cancelling.cancel(hand, run))

    def cancel_in(self, session: Session, run: str, by: str, reason: str = "") -> Answer:
        """End a run in a transaction of the caller's, which does more: all of it, or nothing."""
        return cancelling.cancel(self._hand(session, _who(by, reason)), run)

    async def pause(self, run: str, by: str) -> Answer:
        """Let a run begin no further step, or not begin; what it is doing just now goes on."""
        return await self._act(by, lambda hand: _pause(hand, run))

    async def resume(self, run: str, by: str) -> Answer:
        """Let a paused run go on."""
        return await self._act(by, lambda hand: _resume(hand, run))

    async def retry(self, run: str, by: str, from_step: str | None = None) -> Answer:
        """Let a run that failed, or was ended, go on: it does not do again what it had finished.

        `from_step` and all that began since is done again, up to date or not.
        """
        return await self._act(by, lambda hand: retrying.retry(hand, run, from_step))

    async def skip(
        self, run: str, by: str, step: str | None = None, result: str | None = None
    ) -> Answer:
        """Let a failed step, or a run that waits or has failed, count as done.

        `result` is JSON; without one it is `null` for a step, and what is recorded of its
        identity for a run.
        """

        def skip(hand: Intervention) -> Answer:
            row = hand.run(run)
            if step is None:
                return cancelling.skip_run(hand, row, result)
            return retrying.skip_step(hand, row, step, result or NOTHING)

        return await self._act(by, skip)

    async def signal(
        self, run: str, name: str | None, payload: str, by: str, *, force: bool = False
    ) -> Answer:
        """Tell a run what it waits for, as JSON; see `telling.signal`."""
        return await self._act(
            by, lambda hand: telling.signal(hand, run, name, payload, force=force)
        )

    # Reading

    async def status(self, run: str) -> RunStatus:
        """Answer how far a run has come, with its steps and what is nested in it."""
        return await self._read(lambda session, now: reading.status(session, run, now))

    async def holder(self, identity: str) -> HolderStatus:
        """Answer who holds an identity and who is in line; raises `RunNotFound` if unknown."""
        return await self._read(lambda session, _: reading.holder(session, identity))

    async def runs(
        self, state: State | None = None, identity: str | None = None, limit: int = 50
    ) -> list[RunLine]:
        """Answer runs, the newest first."""
        return await self._read(lambda session, _: reading.runs(session, state, identity, limit))

    async def family(self, run: str, step: str | None = None) -> list[RunLine]:
        """Answer a run, and then all that is nested in it, or in one of its steps."""
        return await self._read(lambda session, _: reading.family(session, run, step))

    async def lanes(self) -> list[LaneStatus]:
        """Answer the lanes that live runs need, and how full they are."""
        return await self._read(lambda session, _: reading.lanes(session))

    async def _read(self, ask: Callable[[Session, datetime], T]) -> T:
        now = self._clock.now()
        return await self._database.read(lambda session: ask(session, now))

    async def _act(self, by: str, act: Callable[[Intervention], Answer]) -> Answer:
        """Carry an act out in one transaction; again where another one came in its way."""
        if not by.strip():
            raise Refused("Nobody asks for it: say who does. Nothing was changed.")

        def work(session: Session) -> Answer:
            return act(self._hand(session, by))

        try:
            return await self._database.write(work)
        except DBAPIError as error:
            if not (isinstance(error, IntegrityError) or is_conflict(error)):
                raise
        # Somebody was faster: what he did is seen now.
        return await self._database.write(work)

    def _hand(self, session: Session, by: str) -> Intervention:
        return Intervention(
            connection=session.connection(),
            by=by.strip(),
            at=self._clock.now(),
            dispatch=self._dispatch,
            bell=self._bell,
            aftermath=self._aftermath,
            limits=self._limits,
        )


def _who(by: str, reason: str) -> str:
    why = " ".join(reason.split())
    return f"{by} ({why})" if why else by


def _pause(hand: Intervention, typed: str) -> Answer:
    row = hand.run(typed)
    if State(row.state).terminal or row.paused:
        raise Refused(f"{named(row)} {has_come(row)} already. Nothing was changed.")
    hand.change(row.id, paused=True)
    hand.bell.ring(hand.connection, [row.id])
    if hand.dispatch.hints:
        # Those behind it need not wait for it any more.
        hand.dispatch.announce(hand.connection, next_in_line(hand.connection, [row.identity]))
    what = "begins no further step" if row.state == State.RUNNING else "is not begun"
    return Answer(row.id, f"Paused {named(row)}: it {what} until `orbits resume {short(row.id)}`.")


def _resume(hand: Intervention, typed: str) -> Answer:
    row = hand.run(typed)
    if not row.paused or State(row.state).terminal:
        raise Refused(f"{named(row)} {has_come(row)}, and not paused. Nothing was changed.")
    hand.change(row.id, paused=False)
    hand.announce([row])
    return Answer(row.id, f"{named(row)} goes on.")
