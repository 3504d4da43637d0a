"""What the store knows of plans, and every change of it: each one transaction, told at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from sqlmodel import Session, col, func, select

from bot.engine.clock import Clock
from bot.engine.control.control import Control
from bot.engine.journal.asking import RunQueue
from bot.rollouts.plans import beginning, rows
from bot.rollouts.plans.answers import Answer
from bot.rollouts.plans.beginning import Begun, Hand, NewRun
from bot.rollouts.plans.outlook import Outlook
from bot.rollouts.plans.proposal import Proposal, key_of
from bot.store.database import Database
from bot.store.tables import Plan
from resources.errors import Refused
from resources.fleet import Desired, Service

T = TypeVar("T")

BY = "orbits"
"""Who ends the runs of plans that nobody needs any more."""


@dataclass(frozen=True)
class Plans:
    """The plans of one store.

    `new_run` answers the workflow that asks the stacks; `told` is called after each change, so
    that somebody tells of it.
    """

    database: Database
    clock: Clock
    queue: RunQueue
    control: Control
    services: Sequence[Service]
    new_run: NewRun
    told: Callable[[], None] = field(default=lambda: None)

    # A plan's life

    async def begin(
        self, proposal: Proposal, only: Sequence[str] | None = None, *, again: bool = False
    ) -> Begun:
        """Make a plan for a proposal, unless there is one; see `beginning.begin`."""
        begun = await self._change(
            lambda session: beginning.begin(self._hand(session), proposal, only, again=again)
        )
        await self._cancel(begun.superseded, "a newer plan takes its place")
        return begun

    async def close(self, repository: str, number: int, *, merged: bool) -> None:
        """End what is planned for a pull request that was merged, or given up."""
        why, now = "merged" if merged else "closed", self.clock.now()
        key = key_of(repository, number)
        needless = await self._change(lambda session: rows.close(session, key, why, now))
        await self._cancel(needless, f"the pull request was {why}")

    async def sweep(self) -> None:
        """End plans whose run has ended, and reckon anew those whose tenants have changed."""
        now = self.clock.now()
        await self._change(lambda session: rows.end_abandoned(session, now))
        for key in await self.database.read(lambda session: beginning.outdated(session, now)):
            begun = await self._change(partial(self._refresh, key))
            await self._cancel(begun.superseded, "the tenants have changed")

    # What there is

    async def outlook(self, proposal: Proposal) -> Outlook:
        """Answer what merging a proposal would do, and write nothing down."""
        now = self.clock.now()
        return await self.database.read(
            lambda session: beginning.outlook(session, proposal, self.services, now)
        )

    async def tenants_of(self, repository: str, number: int) -> set[str]:
        """Answer the tenants that a pull request would reach, as far as it was reckoned."""
        row = await self.database.read(lambda s: s.get(Plan, key_of(repository, number)))
        outlook = Outlook() if row is None else Outlook.model_validate(row.outlook)
        return {one.tenant for one in outlook.prospects}

    async def of_commit(self, repository: str, sha: str) -> list[Proposal]:
        """Answer the proposals that have a commit as their head."""
        chosen = select(Plan).where(
            func.lower(col(Plan.repository)) == repository.lower(), col(Plan.head_sha) == sha
        )
        found = await self.database.read(lambda session: list(session.exec(chosen)))
        return [Proposal.model_validate(row.proposal) for row in found]

    # For the run that asks the stacks

    async def desired(self, key: str, attempt: int, tenant: str) -> Desired | None:
        """Answer what a tenant's stack would be; `None` where nobody wants to know any more."""
        return await self.database.read(lambda s: rows.desired(s, key, attempt, tenant))

    async def note(self, key: str, attempt: int, tenant: str, answer: Answer) -> None:
        """Note what a tenant's stack said."""
        await self.database.write(lambda s: rows.note(s, key, attempt, tenant, answer))

    async def conclude(self, key: str, attempt: int) -> None:
        """Note that all have been asked."""
        now = self.clock.now()
        await self._change(lambda session: rows.conclude(session, key, attempt, now))

    def _hand(self, session: Session) -> Hand:
        return Hand(session, self.clock.now(), self.queue, self.new_run, self.services)

    def _refresh(self, key: str, session: Session) -> Begun:
        return beginning.refresh(self._hand(session), key)

    async def _change(self, act: Callable[[Session], T]) -> T:
        answer = await self.database.write(act)
        self.told()
        return answer

    async def _cancel(self, run_id: str | None, why: str) -> None:
        """End a run; where that does not come about, it ends by itself and is not listened to."""
        if run_id is None:
            return
        try:
            await self.control.cancel(run_id, BY, why)
        except Refused:
            # It has ended in the meantime, or is being ended.
            return
