"""One tenant's deployment: how it begins, and how it ends."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.rollouts.moves import KEPT, HeldBy
from bot.rollouts.origin import Kind
from bot.rollouts.policy.limits import stopped_by
from bot.rollouts.policy.order import stages
from bot.rollouts.policy.policy import OnFailure, Policy
from bot.rollouts.rows import holds, lookup
from bot.states import State
from bot.store.tables import Deployed, Deployment, Rollout, Tenant
from resources.errors import OrbitsError, StepFailed
from resources.fleet import Desired


class TenantGone(OrbitsError):
    """A tenant was removed after its deployment was planned, and before its turn came."""


def begin(
    session: Session, rollout_id: str, tenant: str, run_id: str, now: datetime
) -> Desired | None:
    """Note that a tenant's turn has come, and answer what its stack should be.

    That is what the tenant has, with the services of the rollout at their target: it is read
    when the tenant's earlier deployments have ended, so none of them is undone. `None` where
    nothing is left to do: it was paused, cancelled or held since, or a newer one was faster.
    """
    row = lookup.rollout(session, rollout_id)
    deployment = session.get_one(Deployment, (rollout_id, tenant))
    if deployment.state not in {State.QUEUED, State.RUNNING}:
        return None
    client = session.get(Tenant, tenant)
    if client is None:
        raise TenantGone(f"`{tenant}` was removed before its turn came. Nothing was changed.")
    goes = _still_goes(session, row, deployment, now)
    if not goes:
        return None
    has = lookup.deployed(session, tenant)
    revisions = {each.service: each.revision for each in has}
    back = row.kind == Kind.ROLLBACK
    variables = deployment.variables_before if back else client.variables
    policy = lookup.policy_in(row.policy)
    desired = Desired(
        tenant=tenant,
        revisions=revisions | goes,
        variables=variables,
        stages=stages(policy, revisions | goes) if _have_an_order(policy) else (),
        put_back=lookup.care_of(row).on_failure is OnFailure.ROLL_BACK,
        back=back,
    )
    deployment.before = {name: revisions[name] for name in goes if name in revisions}
    if not back:
        deployment.variables_before = has[-1].variables if has else {}
    deployment.desired = {"services": sorted(goes), **desired.model_dump(mode="json")}
    deployment.state, deployment.run_id = State.RUNNING, run_id
    deployment.started_at = deployment.started_at or now
    lookup.mark(session, rollout_id, deployment)
    return desired


def succeeded(session: Session, rollout_id: str, tenant: str, now: datetime) -> None:
    """Record that the tenant has what the rollout desired."""
    row = lookup.rollout(session, rollout_id)
    deployment = session.get_one(Deployment, (rollout_id, tenant))
    if session.get(Tenant, tenant) is not None:
        for service in deployment.desired["services"]:
            _has(session, tenant, service, deployment, now)
    _forget_failure(deployment)
    end(session, deployment, State.SUCCEEDED, now)
    if row.undoes is not None:
        _mark_undone(session, row, tenant)


def failed(
    session: Session, rollout_id: str, tenant: str, failure: StepFailed, now: datetime
) -> None:
    """Record a deployment's failure, and what follows from it for those that have not begun."""
    row = lookup.rollout(session, rollout_id)
    deployment = session.get_one(Deployment, (rollout_id, tenant))
    if deployment.state not in {State.QUEUED, State.RUNNING}:
        return
    deployment.failed_step = failure.step
    deployment.problem = failure.summary
    deployment.tail = failure.tail
    deployment.rolled_back = failure.rolled_back
    deployment.run_id = failure.run_id
    end(session, deployment, State.CANCELLED if failure.cancelled else State.FAILED, now)
    session.flush()
    _stop_at_the_limit(session, row)
    if _is_the_first_failure(session, row):
        lookup.mark(session, row.id, awaited=True)


def taken_back(session: Session, rollout_id: str, tenant: str) -> dict[str, str]:
    """Answer the services that a deployment, as it was begun, would take back, with what they are.

    They are its own that are newer by now, and others that have moved since it began. Taking
    back is what a rollback, and a pin, is for.
    """
    row = lookup.rollout(session, rollout_id)
    if row.kind in {Kind.ROLLBACK, Kind.PIN}:
        return {}
    deployment = session.get_one(Deployment, (rollout_id, tenant))
    newer = lookup.newer_on(session, tenant, row)
    has = {each.service: each.revision for each in lookup.deployed(session, tenant)}
    own = deployment.desired["services"]
    moved = [
        name
        for name, revision in deployment.desired["revisions"].items()
        if (name in newer if name in own else has.get(name) != revision)
    ]
    return {name: has.get(name, "nothing")[:7] for name in moved}


def end(session: Session, deployment: Deployment, state: State, now: datetime) -> None:
    """Note that a deployment has ended."""
    deployment.state, deployment.held_by = state, None
    deployment.finished_at = now
    lookup.mark(session, deployment.rollout_id, deployment)


def _have_an_order(policy: Policy) -> bool:
    return any(service.after for service in policy.services.values())


def _still_goes(
    session: Session, row: Rollout, deployment: Deployment, now: datetime
) -> dict[str, str]:
    """Answer the services that still go to their target, the deployment ended where none does."""
    if row.kind in {Kind.ROLLBACK, Kind.PIN}:
        return dict(deployment.target)
    newer = lookup.newer_on(session, deployment.tenant, row)
    kept = {hold.service: hold for hold in holds.holds_at(session, now, deployment.tenant)}
    goes = {
        service: revision
        for service, revision in deployment.target.items()
        if service not in newer and service not in kept
    }
    if goes:
        return goes
    held = [kept[service] for service in deployment.target if service in kept]
    if held:
        end(session, deployment, State.HELD, now)
        deployment.held_by = HeldBy(held[0].kind)
        deployment.reason = "; ".join(map(holds.why_kept, held))
    else:
        deployment.problem = f"it has {' and '.join(sorted(set(newer.values())))}, a newer one"
        end(session, deployment, State.SKIPPED, now)
    return {}


def _has(
    session: Session, tenant: str, service: str, deployment: Deployment, now: datetime
) -> None:
    desired: Mapping[str, Any] = deployment.desired
    row = session.get(Deployed, (tenant, service))
    row = row or Deployed(tenant=tenant, service=service, revision="")
    row.revision = desired["revisions"][service]
    row.variables = desired["variables"]
    row.rollout_id = deployment.rollout_id
    row.updated_at = now
    session.add(row)


def _mark_undone(session: Session, row: Rollout, tenant: str) -> None:
    """Note what was undone: what the pull request brought to the tenant last before."""
    undone = _last_brought(session, row, tenant)
    if undone is not None and undone.state == State.SUCCEEDED:
        undone.state = State.ROLLED_BACK
        undone.reason = f"by {row.asked_by}" + (f": {row.reason}" if row.reason else "")
        lookup.mark(session, undone.rollout_id, undone)


def _last_brought(session: Session, row: Rollout, tenant: str) -> Deployment | None:
    if row.pull_request is None:
        return session.get(Deployment, (row.undoes, tenant))
    rows = lookup.rollouts_of(session, row.repository, row.pull_request)
    earlier = [each for each in rows if each.kind != Kind.ROLLBACK and each.number < row.number]
    return lookup.newest_of(session, earlier).get(tenant)


def _forget_failure(deployment: Deployment) -> None:
    """One that was tried again shows nothing of its earlier failure."""
    deployment.failed_step = deployment.problem = deployment.tail = deployment.run_id = None
    deployment.rolled_back = False


def _is_the_first_failure(session: Session, row: Rollout) -> bool:
    return sum(one.state == State.FAILED for one in lookup.deployments(session, row.id)) == 1


def _stop_at_the_limit(session: Session, row: Rollout) -> None:
    rows = lookup.deployments(session, row.id)
    counted = sum(one.state == State.FAILED for one in rows) - row.forgiven
    total = sum(one.held_by not in KEPT for one in rows)
    stopped = stopped_by(lookup.care_of(row), counted, total)
    if not stopped:
        return
    for one in rows:
        if one.state == State.QUEUED:
            one.state, one.held_by = State.HELD, HeldBy.LIMIT
            one.problem = f"wave {one.wave} was {stopped}"
    row.stopped = stopped
