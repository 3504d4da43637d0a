"""Which routes an alert goes by: those of the `orbits.toml` of its rollout, or the ones kept."""

from collections.abc import Collection

from sqlmodel import Session, col, select

from bot.rollouts.affected import TenantFacts
from bot.rollouts.policy.problems import PolicyRefused
from bot.rollouts.policy.watching import Route
from bot.rollouts.rows.lookup import policy_in
from bot.rollouts.tenants import profile_of
from bot.store.tables import KeptPolicy, Tenant

_MOST_AT_ONCE = 500


def routes_in(text: str) -> tuple[Route, ...]:
    """Answer the routes of an `orbits.toml`; none of one that cannot be read."""
    try:
        return policy_in(text).alerts
    except PolicyRefused:
        return ()


def kept_routes(session: Session, repository: str = "") -> tuple[Route, ...]:
    """Answer the routes of a repository as they were read last; else those of all, each once.

    Issues may be kept in a repository that deploys nothing, and says nothing of alerts.
    """
    rows = session.exec(select(KeptPolicy).order_by(col(KeptPolicy.repository))).all()
    own = [row for row in rows if row.repository.lower() == repository.lower()]
    found: list[Route] = []
    for row in own or rows:
        found += [route for route in routes_in(row.text) if route not in found]
    return tuple(found)


def tenants_named(session: Session, names: Collection[str]) -> tuple[TenantFacts, ...]:
    """Answer these tenants; of one that was removed, what is left is the name."""
    known: dict[str, TenantFacts] = {}
    every = list(names)
    for start in range(0, len(every), _MOST_AT_ONCE):
        chosen = select(Tenant).where(col(Tenant.name).in_(every[start : start + _MOST_AT_ONCE]))
        known |= {row.name: profile_of(row).facts(row.name) for row in session.exec(chosen)}
    return tuple(known.get(name) or TenantFacts(name) for name in every)
