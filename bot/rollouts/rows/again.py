"""Who lacks the commit of a merge, or lacks it again after a rollback, and how each may get it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from bot.rollouts.moves import HeldBy
from bot.rollouts.origin import Kind
from bot.rollouts.rows import lookup
from bot.rollouts.rows.back import NoWay
from bot.states import State
from bot.store.tables import Deployed, Deployment, Rollout

_LEFT = {State.FAILED, State.CANCELLED, State.HELD, State.SKIPPED}
_GOES = {State.QUEUED, State.RUNNING}


@dataclass(frozen=True)
class Merged:
    """A merge: all rollouts of its pull request, the oldest first, and the commits that hold it.

    `newer` are commits that tenants have, or may still get, and that were made on top of it.
    """

    rows: Sequence[Rollout]
    newer: Collection[str] = ()

    @property
    def merges(self) -> list[Rollout]:
        """Those that bring the merge's commit, the oldest first: ways back and pins do not."""
        return [row for row in self.rows if row.kind == Kind.MERGE]


@dataclass
class Lacking:
    """How tenants may get a merge's commit.

    `goes_on` are those whose rollout, by its id, may go on with them; `anew` the services that
    others lack. Who `has` it, or `waits`, is left as it is.
    """

    goes_on: dict[str, list[str]] = field(default_factory=dict)
    anew: dict[str, list[str]] = field(default_factory=dict)
    has: list[NoWay] = field(default_factory=list)
    waits: list[NoWay] = field(default_factory=list)

    @property
    def tenants(self) -> list[str]:
        """Everybody who may get it."""
        return [*(name for names in self.goes_on.values() for name in names), *self.anew]


def merge_and_around(
    session: Session, repository: str, pull_request: int
) -> tuple[Rollout | None, list[str]]:
    """Answer the first rollout of a merge, `None` without one, and the commits around it."""
    merges = Merged(lookup.rollouts_of(session, repository, pull_request)).merges
    return (merges[0], commits_around(session, merges[0])) if merges else (None, [])


def commits_around(session: Session, merge: Rollout) -> list[str]:
    """Answer the commits that tenants have of a merge's services, or may get by newer rollouts."""
    have = select(Deployed.revision).where(col(Deployed.service).in_(merge.services))
    left = select(Deployment.rollout_id).where(
        col(Deployment.state).in_([*_GOES, State.HELD, State.FAILED, State.CANCELLED])
    )
    newer = select(Rollout.sha).where(
        col(Rollout.repository) == merge.repository,
        col(Rollout.branch) == merge.branch,
        col(Rollout.number) > merge.number,
        col(Rollout.id).in_(left),
    )
    return sorted({*session.exec(have), *session.exec(newer)} - {merge.sha})


def who_lacks(
    session: Session,
    merged: Merged,
    tenants: Collection[str],
    services: Collection[str],
    *,
    force: bool = False,
) -> Lacking:
    """Answer how each of these tenants may get these services at the merge's commit.

    Who waits for approval waits on, and who is frozen does, unless forced. Forced, it also goes
    to who has it.
    """
    lacking = Lacking()
    has = lookup.deployed_of(session, services)
    wanted = _services_of(merged.merges)
    newest = lookup.newest_of(session, merged.rows)
    rows = {row.id: row for row in merged.rows}
    coming = _coming(session, merged)
    for tenant, one in lookup.newest_of(session, merged.merges).items():
        target = [name for name in wanted.get(tenant, [*one.target]) if name in services]
        if tenant not in tenants or not target:
            continue
        last = newest[tenant]
        back = last if rows[last.rollout_id].kind == Kind.ROLLBACK else None
        if why := _why_not_now(one, back, coming.get(tenant), force=force):
            lacking.waits.append(NoWay(tenant, why))
            continue
        # Where a way back began and did not succeed, nobody knows what there is of it.
        unsure = force or (back is not None and back.state != State.SUCCEEDED)
        row = rows[one.rollout_id]
        enough = {*merged.newer} if unsure else {*merged.newer, row.sha}
        revisions = {name: each.revision for name, each in has.get(tenant, {}).items()}
        lacks = [name for name in target if revisions.get(name) not in enough]
        if not lacks:
            lacking.has.append(NoWay(tenant, _why_has(row.sha, [revisions[n] for n in target])))
        elif _may_go_on(session, row, one, lacks, newest=row is merged.rows[-1]):
            lacking.goes_on.setdefault(row.id, []).append(tenant)
        else:
            lacking.anew[tenant] = lacks
    return lacking


def _services_of(merges: Sequence[Rollout]) -> dict[str, list[str]]:
    """Answer the services that a merge brings to each tenant, those included that were kept."""
    found: dict[str, list[str]] = {}
    for verdict in merges[0].explanation:
        if verdict["affected"] and verdict["tenant"] is not None:
            found.setdefault(verdict["tenant"], []).append(verdict["service"])
    return found


def _coming(session: Session, merged: Merged) -> dict[str, str]:
    """Answer the commit on top of the merge that each tenant is about to get."""
    chosen = (
        select(Deployment.tenant, Rollout.sha)
        .join(Rollout, col(Deployment.rollout_id) == col(Rollout.id))
        .where(col(Deployment.state).in_(_GOES), col(Rollout.sha).in_(merged.newer))
    )
    return dict(session.exec(chosen).all())


def _why_not_now(
    one: Deployment, back: Deployment | None, coming: str | None, *, force: bool
) -> str:
    if back is not None and back.state in _GOES:
        return "being rolled back: `/orbits cancel` that, or wait"
    if one.state in _GOES:
        return "about to get it"
    if coming is not None:
        return f"about to get {coming[:7]}, a newer one"
    if one.held_by == HeldBy.APPROVAL:
        return "waits for approval: type `/orbits approve`"
    if one.held_by == HeldBy.FREEZE and not force:
        return "frozen: wait for the end, or type `/orbits deploy --force`"
    return ""


def _why_has(sha: str, revisions: Iterable[str]) -> str:
    newer = sorted({revision[:7] for revision in revisions if revision != sha})
    return f"at {' and '.join(newer)}, a newer one" if newer else f"at {sha[:7]} already"


def _may_go_on(
    session: Session, row: Rollout, one: Deployment, lacks: Sequence[str], *, newest: bool
) -> bool:
    """Answer whether a deployment can be taken up where it was left.

    Not where a later rollout of the pull request has the last word, nor where the tenant got
    something since.
    """
    left = one.state in _LEFT and set(one.target) == set(lacks)
    since = set(lacks) & set(lookup.newer_on(session, one.tenant, row))
    return left and not since and (newest or not row.state.terminal)
