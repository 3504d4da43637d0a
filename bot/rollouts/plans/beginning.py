"""Beginning a plan for a proposal: what is known already, and whose stacks are to be asked."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from bot.engine.definitions.kinds import Wanted
from bot.engine.journal.asking import RunQueue
from bot.rollouts.affected import TenantFacts
from bot.rollouts.moves import Kept
from bot.rollouts.plans import notices
from bot.rollouts.plans.answers import Answer, print_of
from bot.rollouts.plans.outlook import Outlook, outlook_of
from bot.rollouts.plans.proposal import Proposal
from bot.rollouts.plans.rows import end
from bot.rollouts.rows import holds
from bot.rollouts.tenants import facts_of_tenants
from bot.states import LIVE, State
from bot.store.tables import Plan, Tenant
from resources.fleet import Service
from resources.model.workflow import Workflow

MOST_ASKED = 50
"""So many stacks are asked for one plan."""

RANK = 100
"""Plans are taken after rollouts, which have 0."""

WITHIN = timedelta(hours=1)
"""So long a plan may take."""

NewRun = Callable[[str, int, Sequence[str]], Workflow]
"""Answers, for a plan's key, its attempt and the tenants to be asked, what is to be run."""


@dataclass(frozen=True)
class Hand:
    """What plans are begun with: a session, the time, and how a run is begun."""

    session: Session
    now: datetime
    queue: RunQueue
    new_run: NewRun
    services: Sequence[Service]


@dataclass(frozen=True)
class Begun:
    """What a plan came to: whose stacks are being asked, and the run that it needs no more."""

    asked: tuple[str, ...] = ()
    superseded: str | None = None


@dataclass(frozen=True)
class _Reckoned:
    """What is known of a proposal without asking any stack but those that have said so before."""

    proposal: Proposal
    outlook: Outlook
    answers: dict[str, Answer]
    reckoned_for: str


def begin(
    hand: Hand, proposal: Proposal, only: Sequence[str] | None = None, *, again: bool = False
) -> Begun:
    """Make a plan for a proposal, unless there is one.

    What stacks said of the same commit is kept, unless it is asked `again`, of these tenants
    `only` or of all. One that is being made is not begun anew.
    """
    row = hand.session.get(Plan, proposal.key, with_for_update=True)
    if row is not None and _stands(row, proposal, again=again):
        return Begun()
    reckoned = _reckon(hand, row, proposal)
    if again:
        others = {} if only is None else reckoned.answers
        kept = {name: each for name, each in others.items() if name not in (only or ())}
        reckoned = replace(reckoned, answers=kept)
    return _attempt(hand, row, reckoned, only)


def refresh(hand: Hand, key: str) -> Begun:
    """Reckon an open plan anew where tenants or holds have changed since."""
    row = hand.session.get(Plan, key, with_for_update=True)
    if row is None or row.closed:
        return Begun()
    reckoned = _reckon(hand, row, Proposal.model_validate(row.proposal))
    if reckoned.reckoned_for == row.reckoned_for:
        return Begun()
    return _attempt(hand, row, reckoned, None)


def outdated(session: Session, now: datetime) -> list[str]:
    """Answer the open plans that were reckoned for other tenants and holds than there are."""
    chosen = select(Plan.key, Plan.reckoned_for).where(
        col(Plan.closed).is_(None), col(Plan.pull_request).is_not(None)
    )
    rows = session.exec(chosen).all()
    if not rows:
        return []
    today = _print_of(facts_of_tenants(session), holds.kept(session, now), _variables(session))
    return [key for key, reckoned_for in rows if reckoned_for != today]


def outlook(
    session: Session, proposal: Proposal, services: Sequence[Service], now: datetime
) -> Outlook:
    """Answer what merging a proposal would do, and write nothing down."""
    tenants, kept = facts_of_tenants(session), holds.kept(session, now)
    return outlook_of(proposal, services, tenants, kept, now)


def _reckon(hand: Hand, row: Plan | None, proposal: Proposal) -> _Reckoned:
    tenants, kept = facts_of_tenants(hand.session), holds.kept(hand.session, hand.now)
    found = outlook_of(proposal, hand.services, tenants, kept, hand.now)
    variables = _variables(hand.session)
    answers = _still_true(row, proposal, found, variables)
    return _Reckoned(proposal, found, answers, _print_of(tenants, kept, variables))


def _variables(session: Session) -> dict[str, str]:
    """Answer, of each tenant, what tells its variables from others."""
    rows = session.exec(select(Tenant.name, Tenant.variables).order_by(col(Tenant.name)))
    return {name: print_of(variables) for name, variables in rows}


def _attempt(
    hand: Hand, row: Plan | None, reckoned: _Reckoned, only: Sequence[str] | None
) -> Begun:
    """Write an attempt down, and begin its run where there is anybody to be asked."""
    proposal = reckoned.proposal
    goes_on = row is not None and row.state in LIVE
    superseded = row.run_id if row is not None and goes_on else None
    before = row.head_sha if row is not None and goes_on else proposal.head_sha
    row = _written(row, reckoned, hand.now)
    hand.session.add(row)
    asked = _to_ask(reckoned, only)
    if asked:
        workflow = hand.new_run(row.key, row.attempt, asked)
        wanted = Wanted.of(workflow, "run", workflow.identity() or row.key)
        deadline = hand.now + WITHIN
        row.run_id = hand.queue.enqueue(
            hand.session, wanted, hand.now, rank=RANK, deadline_at=deadline
        )
        row.state = State.RUNNING
        hand.session.flush()
        notices.mark_check(hand.session, row, awaited=False)
    else:
        end(hand.session, row, State.SUCCEEDED, hand.now)
    if before != row.head_sha:
        notices.mark_check(hand.session, row, before, awaited=True)
    return Begun(tuple(asked), superseded)


def _written(row: Plan | None, reckoned: _Reckoned, now: datetime) -> Plan:
    """Answer the row of the attempt, in place of the one before."""
    proposal = reckoned.proposal
    said: dict[str, Any] = {
        "head_sha": proposal.head_sha,
        "base": proposal.base,
        "proposal": proposal.model_dump(mode="json"),
        "outlook": reckoned.outlook.model_dump(mode="json"),
        "said": {name: each.model_dump(mode="json") for name, each in reckoned.answers.items()},
        "reckoned_for": reckoned.reckoned_for,
        "attempt": row.attempt + 1 if row else 1,
        "state": State.QUEUED,
        "created_at": now,
    }
    if row is None:
        pull = proposal.pull_request
        return Plan(key=proposal.key, repository=proposal.repository, pull_request=pull, **said)
    for name, value in said.items():
        setattr(row, name, value)
    row.problem = row.closed = row.run_id = row.finished_at = None
    return row


def _stands(row: Plan, proposal: Proposal, *, again: bool) -> bool:
    """Answer whether there is nothing to be done for a proposal."""
    if row.closed or not proposal.brings_the_same(Proposal.model_validate(row.proposal)):
        return False
    return row.state in LIVE or (not again and row.state == State.SUCCEEDED)


def _still_true(
    row: Plan | None, proposal: Proposal, found: Outlook, variables: Mapping[str, str]
) -> dict[str, Answer]:
    """Answer what stacks said of the same commit of the same services, with the same variables."""
    if row is None or row.head_sha != proposal.head_sha:
        return {}
    answers = {name: Answer.model_validate(said) for name, said in row.said.items()}
    asked_for = {one.tenant: (one.services, variables[one.tenant]) for one in found.prospects}
    return {
        name: each
        for name, each in answers.items()
        if (each.services, each.variables) == asked_for.get(name)
    }


def _to_ask(reckoned: _Reckoned, only: Sequence[str] | None) -> list[str]:
    if reckoned.proposal.not_asked:
        return []
    answers = reckoned.answers
    room = MOST_ASKED if only is not None else max(0, MOST_ASKED - len(answers))
    wanted = [name for name in reckoned.outlook.to_ask if only is None or name in only]
    return [name for name in wanted if name not in answers][:room]


def _print_of(
    tenants: Sequence[TenantFacts], kept: Sequence[Kept], variables: Mapping[str, str]
) -> str:
    """Answer what tells these tenants and holds from others."""
    said = [
        (each.name, each.ring, sorted(each.tags), sorted(each.branches.items()))
        + (() if each.services is None else (sorted(each.services),))
        for each in tenants
    ]
    return hashlib.sha256(repr((said, kept, variables)).encode()).hexdigest()
