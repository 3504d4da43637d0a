"""The rows of rollouts: begun in one stroke with their run, ended one deployment at a time.

Every write that changes what people should read marks the rollout's report as due.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from typing import TypeVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, or_, update
from sqlmodel import Session, col, select

from bot.engine.clock import Clock
from bot.engine.definitions.kinds import Wanted
from bot.engine.definitions.outcomes import Failure
from bot.engine.identifiers import new_id
from bot.engine.journal.queue import RunQueue
from bot.rollouts.affected import Affected, TenantFacts
from bot.states import LIVE, State
from bot.store.database import Database
from bot.store.tables import Deployed, Deployment, Report, Rollout, Run, Tenant
from resources.errors import OrbitsError, Refused, StepFailed
from resources.fleet import Desired
from resources.model.workflow import Workflow

T = TypeVar("T")

ABANDONED = "The rollout's run was ended before it came to this tenant."
CUT_OFF = "The rollout's run was ended in the middle of this deployment; part of it may be done."


class RolloutNotFound(OrbitsError):
    """A rollout was asked for that the store does not have."""


class TenantGone(OrbitsError):
    """A tenant was removed after its deployment was planned, and before its turn came."""


class Merge(BaseModel):
    """A merged pull request, as far as a rollout keeps it."""

    model_config = ConfigDict(frozen=True)

    repository: str
    branch: str
    sha: str
    pull_request: int
    title: str
    author: str
    merged_by: str
    url: str
    contained_in: list[str] = []


class Rollouts:
    """What the store knows of rollouts and of what tenants have."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        queue: RunQueue,
        report_is_due: Callable[[], None],
    ) -> None:
        self._queue = queue
        self._database = database
        self._clock = clock
        self._report_is_due = report_is_due

    async def tenants(self) -> list[TenantFacts]:
        """Answer all tenants, in the order of their names."""
        rows = await self._database.read(
            lambda session: list(session.exec(select(Tenant).order_by(col(Tenant.name))))
        )
        return [
            TenantFacts(row.name, frozenset(row.tags), frozenset(row.services) or None)
            for row in rows
        ]

    async def begin(
        self, merge: Merge, affected: Affected, workflow: Callable[[str], Workflow]
    ) -> str | None:
        """Begin the rollout of a merge, and answer its id; `None` where it began before.

        Its deployments, its run and its report are written with it, or none of them is.
        `workflow` answers, for the rollout's id, what is to be run.
        """
        return await self._write(lambda session: self._begin(session, merge, affected, workflow))

    async def in_use(self, services: Collection[str], repository: str, branch: str) -> list[str]:
        """Answer the commits that tenants have of services, or are about to get from a branch."""
        return await self._database.read(
            lambda session: _in_use(session, services, repository, branch)
        )

    async def planned(self, rollout_id: str) -> list[str]:
        """Answer the tenants of a rollout, and mark it as running."""
        return await self._write(lambda session: self._planned(session, rollout_id))

    async def begin_deployment(self, rollout_id: str, tenant: str) -> Desired | None:
        """Note that a tenant's turn has come, and answer what its stack should be.

        That is what the tenant has, with the rollout's services at the rollout's commit: it
        is read when the tenant's earlier deployments have ended, so none of them is undone.
        `None` where a newer rollout was faster, and there is nothing left to do.
        """
        return await self._write(
            lambda session: self._begin_deployment(session, rollout_id, tenant)
        )

    async def demand_newest(self, rollout_id: str, tenant: str) -> None:
        """Raise `Refused` where the deployment would take back what the tenant got since.

        A deployment that begins is past this; one that is retried by hand, long after, may not be.
        """
        newer = await self._database.read(lambda session: _taken_back(session, rollout_id, tenant))
        if newer:
            has = " and ".join(f"{name} {sha}" for name, sha in sorted(newer.items()))
            raise Refused(
                f"{tenant} has {has} meanwhile, which a newer merge brought: this deployment would "
                "take it back. Nothing was changed."
            )

    async def deployment_succeeded(self, rollout_id: str, tenant: str) -> None:
        """Record that the tenant has what the rollout desired."""
        await self._write(lambda session: self._succeeded(session, rollout_id, tenant))

    async def deployment_failed(self, rollout_id: str, tenant: str, failed: StepFailed) -> None:
        """Record a deployment's failure; one that has ended already is left as it is."""
        await self._write(lambda session: self._failed(session, rollout_id, tenant, failed))

    async def conclude(self, rollout_id: str) -> State:
        """End a rollout as its deployments ended, and answer how."""
        return await self._write(lambda session: self._conclude(session, rollout_id))

    async def end_abandoned(self) -> int:
        """End rollouts whose run has ended without concluding them, and answer how many.

        What such a rollout has not brought about counts as failed: it never stays open, and it
        is never green.
        """
        return await self._write(self._end_abandoned)

    async def _write(self, work: Callable[[Session], T]) -> T:
        result = await self._database.write(work)
        self._report_is_due()
        return result

    def _begin(
        self,
        session: Session,
        merge: Merge,
        affected: Affected,
        workflow: Callable[[str], Workflow],
    ) -> str | None:
        same_merge = select(Rollout.id).where(
            col(Rollout.repository) == merge.repository, col(Rollout.sha) == merge.sha
        )
        if session.exec(same_merge).first() is not None:
            return None
        now = self._clock.now()
        rollout = Rollout(
            id=new_id(now),
            number=(session.exec(select(func.max(Rollout.number))).one() or 0) + 1,
            **merge.model_dump(),
            services=list(affected.services),
            explanation=[asdict(verdict) for verdict in affected.verdicts],
            state=State.QUEUED if affected.tenants else State.SKIPPED,
            created_at=now,
            finished_at=None if affected.tenants else now,
        )
        session.add(rollout)
        session.add(Report(rollout_id=rollout.id))
        for tenant, services in affected.tenants.items():
            session.add(_planned_deployment(rollout.id, tenant, services))
        if affected.tenants:
            definition = workflow(rollout.id)
            wanted = Wanted.of(definition, "run", definition.identity() or rollout.id)
            rollout.run_id = self._queue.enqueue(session, wanted, now).id
        return rollout.id

    def _planned(self, session: Session, rollout_id: str) -> list[str]:
        rollout = _rollout(session, rollout_id)
        rollout.state = State.RUNNING
        _due(session, rollout_id)
        deployments = _deployments(session, rollout_id)
        return [deployment.tenant for deployment in deployments]

    def _begin_deployment(self, session: Session, rollout_id: str, tenant: str) -> Desired | None:
        deployment = session.get_one(Deployment, (rollout_id, tenant))
        rollout = _rollout(session, rollout_id)
        client = session.get(Tenant, tenant)
        if client is None:
            raise TenantGone(f"`{tenant}` was removed before its turn came. Nothing was changed.")
        newer = _newer_on(session, tenant, rollout)
        services = [name for name in deployment.desired["services"] if name not in newer]
        if not services:
            deployment.problem = f"it has {' and '.join(sorted(set(newer.values())))}, a newer one"
            self._end(session, deployment, State.SKIPPED)
            return None
        has = _revisions(session, tenant)
        desired = Desired(
            tenant=tenant,
            revisions=has | dict.fromkeys(services, rollout.sha),
            variables=client.variables,
        )
        deployment.before = {name: has[name] for name in services if name in has}
        deployment.desired = {"services": services, **desired.model_dump(mode="json")}
        deployment.state = State.RUNNING
        deployment.started_at = deployment.started_at or self._clock.now()
        _due(session, rollout_id)
        return desired

    def _succeeded(self, session: Session, rollout_id: str, tenant: str) -> None:
        deployment = session.get_one(Deployment, (rollout_id, tenant))
        known = session.get(Tenant, tenant) is not None
        for service in deployment.desired["services"] if known else ():
            self._has(session, tenant, service, deployment.desired["revisions"], rollout_id)
        self._end(session, deployment, State.SUCCEEDED)

    def _has(
        self,
        session: Session,
        tenant: str,
        service: str,
        revisions: Mapping[str, str],
        rollout_id: str,
    ) -> None:
        row = session.get(Deployed, (tenant, service))
        row = row or Deployed(tenant=tenant, service=service, revision="")
        row.revision = revisions[service]
        row.rollout_id = rollout_id
        row.updated_at = self._clock.now()
        session.add(row)

    def _failed(self, session: Session, rollout_id: str, tenant: str, failed: StepFailed) -> None:
        deployment = session.get_one(Deployment, (rollout_id, tenant))
        if State(deployment.state).terminal:
            return
        deployment.failed_step = failed.step
        deployment.problem = failed.summary
        deployment.tail = failed.tail
        deployment.rolled_back = failed.rolled_back
        deployment.run_id = failed.run_id
        self._end(session, deployment, State.FAILED)

    def _end(self, session: Session, deployment: Deployment, state: State) -> None:
        deployment.state = state
        deployment.finished_at = deployment.finished_at or self._clock.now()
        _due(session, deployment.rollout_id)

    def _conclude(self, session: Session, rollout_id: str) -> State:
        rollout = _rollout(session, rollout_id)
        ended = {deployment.state for deployment in _deployments(session, rollout_id)}
        if ended <= {State.SKIPPED}:
            rollout.state = State.SKIPPED
        elif ended <= {State.SUCCEEDED, State.SKIPPED}:
            rollout.state = State.SUCCEEDED
        else:
            rollout.state = State.FAILED
        rollout.finished_at = rollout.finished_at or self._clock.now()
        _due(session, rollout_id)
        return rollout.state

    def _end_abandoned(self, session: Session) -> int:
        ended_runs = select(Run.id, Run.failure).where(col(Run.state).not_in(LIVE))
        runs = ended_runs.subquery()
        chosen = (
            select(Rollout, runs.c.failure)
            .join(runs, col(Rollout.run_id) == runs.c.id)
            .where(col(Rollout.state).in_(LIVE))
        )
        abandoned = session.exec(chosen).all()
        for rollout, failure in abandoned:
            problem = Failure.model_validate_json(failure).message if failure else None
            for deployment in _deployments(session, rollout.id):
                if not State(deployment.state).terminal:
                    deployment.problem = problem or (
                        CUT_OFF if deployment.started_at else ABANDONED
                    )
                    self._end(session, deployment, State.FAILED)
            self._conclude(session, rollout.id)
        return len(abandoned)


def _in_use(session: Session, services: Collection[str], repository: str, branch: str) -> list[str]:
    have = select(Deployed.revision).where(col(Deployed.service).in_(services)).distinct()
    coming = select(Rollout.sha).where(
        func.lower(col(Rollout.repository)) == repository.lower(),
        col(Rollout.branch) == branch,
        col(Rollout.state).in_(LIVE),
    )
    return sorted({*session.exec(have), *session.exec(coming)})


def _newer_on(session: Session, tenant: str, rollout: Rollout) -> dict[str, str]:
    """Answer the services that the tenant has at a newer commit, with that commit in short."""
    newer = or_(
        col(Rollout.number) > rollout.number, col(Deployed.revision).in_(rollout.contained_in)
    )
    chosen = (
        select(Deployed.service, Deployed.revision)
        .outerjoin(Rollout, col(Deployed.rollout_id) == col(Rollout.id))
        .where(col(Deployed.tenant) == tenant, newer)
    )
    return {service: sha[:7] for service, sha in session.exec(chosen)}


def _taken_back(session: Session, rollout_id: str, tenant: str) -> dict[str, str]:
    """Answer the services that a deployment, as it was begun, would take back, with what they are.

    They are its own that are newer by now, and others that have moved since it began.
    """
    deployment = session.get_one(Deployment, (rollout_id, tenant))
    newer = _newer_on(session, tenant, _rollout(session, rollout_id))
    has = _revisions(session, tenant)
    own = deployment.desired["services"]
    moved = [
        name
        for name, revision in deployment.desired["revisions"].items()
        if (name in newer if name in own else has.get(name) != revision)
    ]
    return {name: has.get(name, "nothing")[:7] for name in moved}


def _planned_deployment(rollout_id: str, tenant: str, services: tuple[str, ...]) -> Deployment:
    return Deployment(
        rollout_id=rollout_id,
        tenant=tenant,
        state=State.QUEUED,
        reason=f"{tenant} uses {' and '.join(services)}",
        desired={"services": list(services)},
    )


def _rollout(session: Session, rollout_id: str) -> Rollout:
    found = session.get(Rollout, rollout_id)
    if found is None:
        raise RolloutNotFound(f"There is no rollout {rollout_id} in the store.")
    return found


def _deployments(session: Session, rollout_id: str) -> list[Deployment]:
    chosen = select(Deployment).where(col(Deployment.rollout_id) == rollout_id)
    return list(session.exec(chosen.order_by(col(Deployment.tenant))))


def _revisions(session: Session, tenant: str) -> dict[str, str]:
    chosen = select(Deployed).where(col(Deployed.tenant) == tenant)
    return {row.service: row.revision for row in session.exec(chosen)}


def _due(session: Session, rollout_id: str) -> None:
    session.exec(update(Report).where(col(Report.rollout_id) == rollout_id).values(due=True))
