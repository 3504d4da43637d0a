"""From the rows of a rollout to the facts that its report tells."""

from collections.abc import Sequence

from sqlmodel import Session

from bot.engine.identifiers import short
from bot.report.facts import DeploymentFacts, ExcludedFacts, PullRequestFacts, RolloutFacts
from bot.rollouts.affected import Because
from bot.rollouts.moves import KEPT, HeldBy
from bot.rollouts.origin import Kind
from bot.rollouts.rows.lookup import deployments
from bot.states import State
from bot.store.tables import Deployment, Rollout

_FOR_PEOPLE = {HeldBy.APPROVAL, HeldBy.PAUSE}

NOT_WORTH_TELLING = frozenset({Because.OTHER_REPOSITORY})
"""Exclusions that hold for every merge of a repository, and would be told every time."""


def facts_of(session: Session, rollout_id: str) -> RolloutFacts:
    """Answer what is recorded of a rollout; raises `NoResultFound` where there is none."""
    rollout = session.get_one(Rollout, rollout_id)
    rows = deployments(session, rollout_id)
    pull = rollout.pull_request
    steps = _steps(rollout, rows)
    return RolloutFacts(
        services=tuple(rollout.services),
        revision=rollout.sha,
        state=State(rollout.state),
        deployments=tuple(deployment_facts(rollout, row) for row in rows),
        excluded=_excluded(rollout),
        pull_request=PullRequestFacts(pull, rollout.title, rollout.author) if pull else None,
        note=_note(rollout, rows),
        started=rollout.created_at,
        finished=rollout.finished_at,
        next_steps=tuple(f"`{f'/orbits {verb} {whom}'.strip()}`" for verb, whom in steps.items()),
        buttons=tuple(verb for verb in steps if verb != "deploy"),
        awaits_people=bool(
            {row.held_by for row in rows if row.state == State.HELD} & _FOR_PEOPLE
            and rollout.state == State.WAITING
        ),
        done=_done(rollout),
        asked=_asked(rollout),
    )


def deployment_facts(rollout: Rollout, row: Deployment) -> DeploymentFacts:
    """Answer what is recorded of one tenant's part of a rollout."""
    before = next((row.before[name] for name in rollout.services if name in row.before), None)
    after = next((row.target[name] for name in rollout.services if name in row.target), None)
    back = row.rolled_back or row.state == State.ROLLED_BACK
    held = row.state in {State.HELD, State.ROLLED_BACK}
    return DeploymentFacts(
        tenant=row.tenant,
        state=State(row.state),
        before=before,
        after=after,
        reason=row.problem or (row.reason if held else ""),
        took=row.finished_at - row.started_at if row.finished_at and row.started_at else None,
        failed_step=row.failed_step,
        tail=row.tail or "",
        rolled_back_to=before if back else None,
        run_id=short(row.run_id) if row.run_id and row.state == State.FAILED else None,
        done=_done(rollout),
    )


def _done(rollout: Rollout) -> str:
    return "rolled back" if rollout.kind == Kind.ROLLBACK else "updated"


def _asked(rollout: Rollout) -> str:
    if rollout.kind != Kind.ROLLBACK:
        return ""
    return f"rolled back by {rollout.asked_by}" + (f": {rollout.reason}" if rollout.reason else "")


def _note(rollout: Rollout, rows: Sequence[Deployment]) -> str:
    """Say in which wave it is, where there are several, and why it does not go on."""
    waves = max((row.wave for row in rows), default=1)
    open_ones = [row.wave for row in rows if row.state in {State.QUEUED, State.RUNNING}]
    parts = []
    if waves > 1 and open_ones:
        parts.append(f"wave {min(open_ones)} of {waves}")
    if rollout.state == State.RUNNING and rollout.pauses_until is not None:
        parts.append(f"pauses until {rollout.pauses_until:%Y-%m-%d %H:%M} UTC")
    if rollout.stopped:
        parts.append(rollout.stopped)
    return " · ".join(parts)


def _steps(rollout: Rollout, rows: Sequence[Deployment]) -> dict[str, str]:
    """Answer the commands that may be given now, with whom they are for, the likeliest first."""
    if rollout.pull_request is None or State(rollout.state) in {State.QUEUED, State.RUNNING}:
        return {}
    held_by = {row.held_by for row in rows if row.state == State.HELD}
    failed = [row.tenant for row in rows if row.state == State.FAILED]
    kept = [row.tenant for row in rows if row.held_by in KEPT]
    moved = any(row.state == State.SUCCEEDED for row in rows) and rollout.kind != Kind.ROLLBACK
    stopped = bool(held_by & {HeldBy.LIMIT, HeldBy.PAUSE})
    steps = {
        "approve": "" if HeldBy.APPROVAL in held_by else None,
        "retry": (failed[0] if len(failed) == 1 else "") if failed else None,
        "resume": "" if stopped else None,
        "rollback": "" if moved and (failed or stopped) else None,
        "deploy": (kept[0] if len(kept) == 1 else "TENANTS") if kept else None,
    }
    return {verb: whom for verb, whom in steps.items() if whom is not None}


def _excluded(rollout: Rollout) -> tuple[ExcludedFacts, ...]:
    return tuple(
        ExcludedFacts(verdict["tenant"] or verdict["service"], verdict["sentence"])
        for verdict in rollout.explanation
        if not verdict["affected"] and verdict["because"] not in NOT_WORTH_TELLING
    )
