"""Which channels hear of what: decisions alone, by the settings and by `[[alerts]]`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.rollouts.affected import TenantFacts
from bot.rollouts.policy.matching import reaches
from bot.rollouts.policy.watching import Route, Subject
from resources.model.resource import Severity

SLACK, HOOK, WEBHOOK, MAIL = "slack", "slack-hook", "webhook", "mail"
_GRAVITY = list(Severity)


@dataclass(frozen=True)
class Matter:
    """What an alert is about, as far as it matters for who hears of it."""

    about: Subject
    severity: Severity
    tenants: tuple[TenantFacts, ...] = ()


@dataclass(frozen=True)
class Address:
    """A channel: the way there, which of its rooms or people, and whom it calls there by name."""

    way: str
    to: str
    mention: str = ""

    @property
    def account(self) -> str:
        """Whose limits a message counts towards."""
        return f"{self.way}/{self.to}"


@dataclass(frozen=True)
class Reachable:
    """The channels that the settings open: `ways`, and `always` those that hear of everything."""

    ways: frozenset[str] = frozenset()
    always: tuple[Address, ...] = ()


def addresses(matter: Matter, routes: Iterable[Route], reachable: Reachable) -> tuple[Address, ...]:
    """Answer the channels that hear of it, each once: those of the settings, then of the routes.

    A route never keeps anything from the channels of the settings. It calls somebody by name only
    for what is critical. Where it leads nowhere, as nobody set that up, it is passed over.
    """
    found = {address.account: address for address in reachable.always}
    for route in routes:
        address = _address(route, matter)
        if address is None or address.way not in reachable.ways or not _is_meant(route, matter):
            continue
        known = found.get(address.account)
        if known is None or (address.mention and not known.mention):
            found[address.account] = address
    return tuple(found.values())


def _is_meant(route: Route, matter: Matter) -> bool:
    grave = _GRAVITY.index(matter.severity) >= _GRAVITY.index(route.severity)
    about = matter.about in route.about
    return grave and about and (route.tenants is None or _reaches(route, matter.tenants))


def _reaches(route: Route, tenants: Sequence[TenantFacts]) -> bool:
    return any(reaches(route.tenants, tenant) for tenant in tenants)


def _address(route: Route, matter: Matter) -> Address | None:
    way, _, to = route.to.partition(":")
    mention = route.mention if matter.severity is Severity.CRITICAL else None
    if way == SLACK:
        return Address(SLACK, to.removeprefix("#"), mention or "")
    if way == MAIL:
        return Address(MAIL, to)
    return Address(WEBHOOK, "main") if way == WEBHOOK else None
