"""From the rows of a rollout to the facts that its report tells."""

from sqlmodel import Session, col, select

from bot.engine.identifiers import short
from bot.report.facts import DeploymentFacts, ExcludedFacts, PullRequestFacts, RolloutFacts
from bot.rollouts.affected import Because
from bot.states import State
from bot.store.tables import Deployment, Rollout

NOT_WORTH_TELLING = frozenset({Because.OTHER_REPOSITORY})
"""Exclusions that hold for every merge of a repository, and would be told every time."""


def facts_of(session: Session, rollout_id: str) -> RolloutFacts:
    """Answer what is recorded of a rollout; raises `NoResultFound` where there is none."""
    rollout = session.get_one(Rollout, rollout_id)
    rows = session.exec(
        select(Deployment)
        .where(col(Deployment.rollout_id) == rollout_id)
        .order_by(col(Deployment.tenant))
    )
    facts = tuple(_deployment(rollout, row) for row in rows)
    return RolloutFacts(
        services=tuple(rollout.services),
        revision=rollout.sha,
        state=State(rollout.state),
        deployments=facts,
        excluded=_excluded(rollout),
        pull_request=PullRequestFacts(rollout.pull_request, rollout.title, rollout.author),
        started=rollout.created_at,
        finished=rollout.finished_at,
        next_steps=_next_steps(rollout, facts),
    )


def _deployment(rollout: Rollout, row: Deployment) -> DeploymentFacts:
    before = next((row.before[name] for name in rollout.services if name in row.before), None)
    return DeploymentFacts(
        tenant=row.tenant,
        state=State(row.state),
        before=before,
        after=rollout.sha,
        reason=row.problem or "",
        took=row.finished_at - row.started_at if row.finished_at and row.started_at else None,
        failed_step=row.failed_step,
        tail=row.tail or "",
        rolled_back_to=before if row.rolled_back else None,
        run_id=short(row.run_id) if row.run_id else None,
    )


def _next_steps(rollout: Rollout, deployments: tuple[DeploymentFacts, ...]) -> tuple[str, ...]:
    """Say what brings the failed ones up to date, once it is known who they are."""
    failed = [each.tenant for each in deployments if each.state is State.FAILED]
    if not failed or not State(rollout.state).terminal:
        return ()
    who = failed[0] if len(failed) == 1 else f"all {len(failed)}"
    services = " or ".join(rollout.services)
    return (f"mend the cause; the next merge that deploys {services} reaches {who} as well",)


def _excluded(rollout: Rollout) -> tuple[ExcludedFacts, ...]:
    return tuple(
        ExcludedFacts(verdict["tenant"] or verdict["service"], verdict["sentence"])
        for verdict in rollout.explanation
        if not verdict["affected"] and verdict["because"] not in NOT_WORTH_TELLING
    )
