"""Whom the selectors of a policy reach.

In a command, a word that fits nobody is a mistake. In a policy it is not: tenants come and go, and
a freeze of `tag:bank tag:insurer` holds for the banks while there is no insurer.
"""

from collections.abc import Collection, Iterable

from bot.rollouts.affected import TenantFacts
from bot.rollouts.selectors import Kind, Selector, Term

_KINDS = (Kind.RING, Kind.TAG, Kind.TENANT)


def reached(selector: Selector | None, tenants: Iterable[TenantFacts]) -> tuple[TenantFacts, ...]:
    """Answer the tenants that a selector reaches, in their order; `None` reaches everyone."""
    if selector is None:
        return tuple(tenants)
    everyone = tuple(tenants)
    for kind in _KINDS:
        wanted, unwanted = selector.wanted(kind), selector.unwanted(kind)
        if wanted:
            names = _fitting(wanted, kind, everyone)
            everyone = tuple(one for one in everyone if not names.isdisjoint(_names(kind, one)))
        if unwanted:
            names = _fitting(unwanted, kind, everyone)
            everyone = tuple(one for one in everyone if names.isdisjoint(_names(kind, one)))
    return everyone


def reaches(selector: Selector | None, tenant: TenantFacts) -> bool:
    """Answer whether a selector reaches one tenant, which for one is sooner known than by all."""
    if selector is None:
        return True
    return all(
        _fits(selector.wanted(kind), names, otherwise=True)
        and not _fits(selector.unwanted(kind), names, otherwise=False)
        for kind, names in ((kind, _names(kind, tenant)) for kind in _KINDS)
    )


def _fits(terms: Collection[Term], names: Collection[str], *, otherwise: bool) -> bool:
    if not terms:
        return otherwise
    return any(term.matches(name.lower()) for name in names for term in terms)


def _fitting(terms: Collection[Term], kind: Kind, tenants: Iterable[TenantFacts]) -> frozenset[str]:
    """Answer the names that fit; many tenants share few rings and tags, each looked at once."""
    names = {name for tenant in tenants for name in _names(kind, tenant)}
    return frozenset(n for n in names if any(term.matches(n.lower()) for term in terms))


def _names(kind: Kind, tenant: TenantFacts) -> Collection[str]:
    if kind is Kind.TAG:
        return tenant.tags
    return (tenant.ring if kind is Kind.RING else tenant.name,)
