"""What the store knows of drift, and every change of it: each one transaction, told at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlmodel import Session

from bot.drift import fixes, keeping, notices, rows, watching
from bot.drift.bounds import kept_problem
from bot.drift.hand import Hand, NewFix, NewLook, Sight
from bot.drift.life import Turn
from bot.drift.wanted import desired_of, is_busy
from bot.engine.clock import Clock
from bot.engine.journal.asking import RunQueue
from bot.store.database import Database
from bot.store.tables import Drift
from resources.errors import Refused, StepFailed
from resources.fleet import Desired, Fleet
from resources.masking import Masks

T = TypeVar("T")


@dataclass(frozen=True)
class Drifts:
    """The drift of one store.

    `new_look` and `new_fix` answer what is to be run; so many looks go on `at_once`, and by the
    clock none where that is 0. `told` is called after each change, so that somebody tells of it.
    """

    database: Database
    clock: Clock
    queue: RunQueue
    fleet: Fleet
    new_look: NewLook
    new_fix: NewFix
    told: Callable[[], None] = field(default=lambda: None)
    at_once: int = 10
    masks: Masks = field(default_factory=Masks)

    # What people ask for

    async def look_now(self, tenants: Sequence[str], by: str = "") -> list[str]:
        """Look at tenants as soon as may be, though they be paused; answer who has anything."""
        del by
        return await self.change(lambda hand: look_now(hand, tenants))

    async def fix(self, tenants: Sequence[str], by: str, *, force: bool = False) -> list[str]:
        """Repair the open drift of tenants, and answer whose repair that begins.

        The others have none, or it is being repaired already.
        """
        return await self.change(lambda hand: _fix(hand, tenants, by, force=force))

    async def acknowledge(
        self, tenants: Sequence[str], by: str, reason: str | None, until: datetime | None
    ) -> list[str]:
        """Note that the open drift of tenants is known, and answer whose that is."""

        def act(hand: Hand) -> list[str]:
            drifting = _names(hand.session, tenants)
            for tenant in drifting:
                rows.acknowledge(hand.session, tenant, by, reason, until)
            return drifting

        return await self.change(act)

    async def ignore(
        self, tenants: Sequence[str], by: str, reason: str | None, until: datetime | None
    ) -> list[str]:
        """Accept what differs in tenants as it is, and answer whose drift that ends."""

        def act(hand: Hand) -> list[str]:
            drifting = _names(hand.session, tenants)
            for tenant in drifting:
                rows.ignore(hand.session, tenant, by, reason, until, hand.now)
            return drifting

        return await self.change(act)

    async def pause(
        self, tenants: Sequence[str], by: str, until: datetime | None = None
    ) -> list[str]:
        """Look at tenants no more by the clock; answer at whom that was done."""
        return await self.change(lambda hand: watching.pause(hand.session, tenants, by, until))

    async def resume(self, tenants: Sequence[str]) -> list[str]:
        """Look at tenants by the clock again, and answer who was paused."""
        return await self.change(lambda hand: watching.resume(hand.session, tenants))

    # What there is

    async def of_issue(self, repository: str, number: int) -> list[str]:
        """Answer the tenants whose drift an issue tells of."""
        found = await self.database.read(lambda s: notices.told_in(s, repository, number))
        return found or []

    async def drifting(self, tenants: Sequence[str] | None = None) -> list[Drift]:
        """Answer the open drifts, of these tenants or of all."""
        return await self.database.read(lambda session: rows.drifting(session, tenants))

    # By the clock

    async def tick(self) -> list[str]:
        """Begin to look at those whose turn it is; answer whom. None where that is turned off."""
        if not self.at_once:
            return []
        return await self.change(watching.take_due)

    async def sweep(self) -> None:
        """Watch who is not watched yet, forget who is gone, and end what ended without a note."""
        await self.change(partial(keeping.end_abandoned, self.masks))
        await self.change(keeping.forget_gone)
        new = await self.database.read(keeping.newcomers)
        if new:
            intervals = [(each.tenant, keeping.interval_of(self.fleet, each)) for each in new]
            await self.change(partial(keeping.watch_newcomers, intervals))

    async def learn_intervals(self) -> None:
        """Watch everybody at the interval that the class of its stack says in this release."""
        last, some = await self.database.read(partial(keeping.watched_after, ""))
        while last is not None:
            intervals = [(each.tenant, keeping.interval_of(self.fleet, each)) for each in some]
            await self.change(partial(keeping.watch_newcomers, intervals))
            last, some = await self.database.read(partial(keeping.watched_after, last))

    # For the runs that look and repair

    async def begin_look(self, tenant: str, run_id: str) -> Desired | None:
        """Answer what a tenant's stack should be; `None` where there is nothing to compare now."""
        desired = await self.database.read(lambda session: _comparable(session, tenant))
        if desired is None:
            await self.change(lambda hand: _put_off(hand, tenant, run_id))
        return desired

    async def note(self, desired: Desired, run_id: str, sight: Sight | None) -> None:
        """Note what a look came to, and begin the next one that is due."""

        def act(hand: Hand) -> None:
            if sight is None:
                watching.end_look(hand, desired.tenant, run_id)
            else:
                rows.note(hand, desired, run_id, sight)
            if self.at_once:
                watching.take_due(hand)

        await self.change(act)

    async def begin_fix(self, tenant: str, run_id: str, *, force: bool) -> Desired | None:
        """Answer what a repair brings about, now that its turn has come; raises `Refused`."""
        return await self.database.read(
            lambda session: fixes.taken_up(session, tenant, run_id, force=force)
        )

    async def fixed(self, desired: Desired, run_id: str, sight: Sight | None) -> None:
        """Note that a repair was done, and what the look after it found."""
        await self.change(lambda hand: _fixed(hand, desired, run_id, sight))

    async def fix_failed(self, tenant: str, run_id: str, failed: StepFailed) -> None:
        """Note why a repair has failed; the drift stays open."""
        refused = isinstance(failed.cause, Refused) and failed.step == "begin"
        problem = failed.summary if refused else f"step `{failed.step}`: {failed.summary}"
        problem = kept_problem(self.masks, problem)
        await self.change(lambda hand: fixes.end(hand.session, tenant, run_id, problem))

    async def change(self, act: Callable[[Hand], T]) -> T:
        """Carry out an act on the rows in one transaction, and let it be told."""
        now = self.clock.now()
        answer = await self.database.write(lambda session: act(self._hand(session, now)))
        self.told()
        return answer

    def _hand(self, session: Session, now: datetime) -> Hand:
        services = self.fleet.services
        return Hand(session, now, self.queue, services, self.new_look, self.new_fix, self.at_once)


def look_now(hand: Hand, tenants: Sequence[str]) -> list[str]:
    """Let tenants be looked at as soon as may be; answer who has anything to look at."""
    known = [tenant for tenant in tenants if desired_of(hand.session, tenant) is not None]
    watching.ask(hand, known)
    return known


def _fix(hand: Hand, tenants: Sequence[str], by: str, *, force: bool) -> list[str]:
    drifting = rows.drifting(hand.session, tenants)
    return [row.tenant for row in drifting if fixes.begin(hand, row, by, force=force)]


def _names(session: Session, tenants: Sequence[str]) -> list[str]:
    return [row.tenant for row in rows.drifting(session, tenants)]


def _comparable(session: Session, tenant: str) -> Desired | None:
    return None if is_busy(session, tenant) else desired_of(session, tenant)


def _put_off(hand: Hand, tenant: str, run_id: str) -> None:
    watch = watching.end_look(hand, tenant, run_id)
    if watch is not None:
        watching.put_off(hand.session, watch, hand.now)


def _fixed(hand: Hand, desired: Desired, run_id: str, sight: Sight | None) -> Turn:
    row = fixes.end(hand.session, desired.tenant, run_id)
    if row is None or sight is None or rows.overtaken(hand.session, desired, but=run_id):
        return Turn.NOTHING
    watch = watching.watch(hand.session, desired.tenant, sight.every, hand.now)
    return rows.seen(hand, watch, desired, sight, may_fix=False)
