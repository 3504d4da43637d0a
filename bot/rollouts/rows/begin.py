"""Beginning a rollout: its row, its deployments and its first leg, all of them or none."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.engine.definitions.kinds import Wanted
from bot.engine.identifiers import new_id
from bot.engine.journal.asking import RunQueue
from bot.rollouts.affected import Verdict
from bot.rollouts.moves import Move, Moves
from bot.rollouts.origin import Kind, Origin
from bot.rollouts.rows import legs, lookup
from bot.states import LIVE, State
from bot.store.tables import Deployed, Deployment, Rollout
from resources.model.workflow import Workflow

NewLeg = Callable[[str, int], Workflow]
"""Answers, for a rollout's id and the number of a leg, what is to be run."""


@dataclass(frozen=True)
class Hand:
    """What a change of rows works with: a session, the time, and how a leg is begun."""

    session: Session
    now: datetime
    queue: RunQueue
    new_leg: NewLeg

    def begin_leg(self, row: Rollout) -> None:
        """Let a rollout go on, if it does not anyway."""
        if row.state in {State.QUEUED, State.RUNNING}:
            return
        row.leg += 1
        row.state = State.QUEUED
        row.stopped, row.finished_at = None, None
        workflow = self.new_leg(row.id, row.leg)
        wanted = Wanted.of(workflow, "run", workflow.identity() or row.id)
        row.run_id = self.queue.enqueue(self.session, wanted, self.now)


@dataclass(frozen=True)
class Beginning:
    """What begins: why, over which services, for whom, and by which `orbits.toml`.

    Where that was `refused`, nobody is moved, and the rollout says why. One that brings a commit
    once more takes nothing over from others.
    """

    origin: Origin
    services: tuple[str, ...]
    moves: Moves
    verdicts: tuple[Verdict, ...] = ()
    policy: str = ""
    refused: str = ""
    once_more: bool = False


def begin(hand: Hand, beginning: Beginning) -> str | None:
    """Begin a rollout, and answer its id; `None` where it began before.

    A newer merge takes over what older ones of the same branch have not started, where the
    policy says so.
    """
    session, origin = hand.session, beginning.origin
    if session.exec(select(Rollout.id).where(col(Rollout.key) == origin.key)).first() is not None:
        return None
    row = Rollout(
        id=new_id(hand.now),
        number=(session.exec(select(func.max(Rollout.number))).one() or 0) + 1,
        **origin.model_dump(),
        services=list(beginning.services),
        explanation=[asdict(verdict) for verdict in beginning.verdicts],
        policy=beginning.policy,
        bakes=[bake.total_seconds() for bake in beginning.moves.bakes],
        state=State.WAITING,
        continue_at=beginning.moves.continue_at,
        created_at=hand.now,
    )
    session.add(row)
    has = lookup.deployed_of(session, beginning.services)
    for move in beginning.moves.each:
        session.add(_deployment(row.id, move, has.get(move.tenant, {})))
    session.flush()
    takes_over = origin.kind is not Kind.ROLLBACK and not beginning.once_more
    if takes_over and lookup.care_of(row).supersede:
        _supersede(hand, row, beginning.moves)
    if beginning.moves.goes:
        hand.begin_leg(row)
    else:
        legs.conclude(session, row, hand.now)
    row.stopped = beginning.moves.stopped or beginning.refused or row.stopped
    if beginning.refused:
        row.state = State.FAILED
    lookup.mark(session, row.id)
    return row.id


def in_use(session: Session, services: Collection[str], repository: str, branch: str) -> list[str]:
    """Answer the commits that tenants have of services, or are about to get from a branch."""
    have = select(Deployed.revision).where(col(Deployed.service).in_(services)).distinct()
    coming = select(Rollout.sha).where(
        func.lower(col(Rollout.repository)) == repository.lower(),
        col(Rollout.branch) == branch,
        col(Rollout.state).in_(LIVE),
    )
    return sorted({*session.exec(have), *session.exec(coming)})


def _deployment(rollout_id: str, move: Move, has: Mapping[str, Deployed]) -> Deployment:
    return Deployment(
        rollout_id=rollout_id,
        tenant=move.tenant,
        wave=move.wave,
        state=move.state,
        held_by=move.held_by,
        reason=move.reason,
        target=dict(move.target),
        before={name: has[name].revision for name in move.target if name in has},
    )


def _supersede(hand: Hand, row: Rollout, moves: Moves) -> None:
    """Leave out what older rollouts have not begun, of tenants that this one brings further."""
    targets = {move.tenant: set(move.target) for move in moves.each}
    older = select(Rollout).where(
        func.lower(col(Rollout.repository)) == row.repository.lower(),
        col(Rollout.branch) == row.branch,
        col(Rollout.kind) != Kind.ROLLBACK,
        col(Rollout.number) < row.number,
        col(Rollout.sha).not_in(row.contained_in),
    )
    open_ones = (
        select(Deployment.rollout_id)
        .where(col(Deployment.state).in_([State.QUEUED, State.HELD]))
        .distinct()
    )
    for old in hand.session.exec(older.where(col(Rollout.id).in_(open_ones))).all():
        taken = False
        for deployment in lookup.deployments(hand.session, old.id):
            left = deployment.state in {State.QUEUED, State.HELD}
            if left and set(deployment.target) <= targets.get(deployment.tenant, set()):
                deployment.state, deployment.held_by = State.SKIPPED, None
                deployment.problem = f"superseded by {_named(row)}"
                deployment.finished_at = hand.now
                taken = True
        if taken:
            lookup.mark(hand.session, old.id)
            if old.state not in {State.QUEUED, State.RUNNING}:
                legs.conclude(hand.session, old, hand.now)


def _named(row: Rollout) -> str:
    return f"#{row.pull_request}" if row.pull_request is not None else row.sha[:7]
