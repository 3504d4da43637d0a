"""Where a repository on a host is not as it should be; pure."""

from collections.abc import Mapping

from resources.library.github.host import HostedRepository, Protection, Role, Settings
from resources.model.resource import Difference, Severity

_SEVERITIES = {
    "archived": Severity.CRITICAL,
    "description": Severity.NOTICE,
    "visibility": Severity.CRITICAL,
}
_ROLES: tuple[Role, ...] = ("read", "triage", "write", "maintain", "admin")


def wrong_settings(desired: Settings, observed: Settings) -> Settings:
    """Answer the desired settings that are not so."""
    return {name: value for name, value in desired.items() if observed[name] != value}


def settings_differ(wrong: Settings, observed: Settings) -> list[Difference]:
    """Answer a difference for each setting that is wrong."""
    return [
        Difference(
            path=f"github/{name}",
            desired=value,
            observed=observed[name],
            severity=_SEVERITIES.get(name, Severity.WARNING),
        )
        for name, value in wrong.items()
    ]


def protection_differs(desired: Protection | None, observed: HostedRepository) -> list[Difference]:
    """Answer how the default branch is protected otherwise than it should be."""
    found = observed.protection
    if not observed.tampered and protects_alike(desired, found):
        return []
    told = "changed by hand" if observed.tampered else found and found.told()
    return [
        Difference(
            path="github/protection",
            desired=desired and desired.told(),
            observed=told,
            severity=Severity.CRITICAL if desired else Severity.WARNING,
        )
    ]


def protects_alike(one: Protection | None, other: Protection | None) -> bool:
    """Answer whether both demand the same; the order of checks says nothing."""
    return (one and one.told()) == (other and other.told())


def teams_differ(desired: Mapping[str, Role], observed: Mapping[str, Role]) -> list[Difference]:
    """Answer which of the desired teams have another role; more than they should is critical."""
    return [
        Difference(
            path=f"github/teams/{team}",
            desired=role,
            observed=found,
            severity=Severity.CRITICAL if _exceeds(found, role) else Severity.WARNING,
        )
        for team, role in desired.items()
        if (found := observed.get(team)) != role
    ]


def _exceeds(found: Role | None, desired: Role) -> bool:
    return found is not None and _ROLES.index(found) > _ROLES.index(desired)
