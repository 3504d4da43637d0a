"""Which tenants a merged change reaches, and why each service and tenant is in or out."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from resources.fleet import Service


@dataclass(frozen=True)
class Change:
    """What a merge brought to a branch.

    Where `complete` is false the list of paths was cut, and any file may have changed.
    """

    repository: str
    branch: str
    paths: tuple[str, ...]
    complete: bool = True


@dataclass(frozen=True)
class TenantFacts:
    """A tenant, as far as it matters here; `services` is `None` where it uses all of them.

    `branches` names the branch that it tracks of a service, where it is not the service's own.
    """

    name: str
    tags: frozenset[str] = frozenset()
    services: frozenset[str] | None = None
    ring: str = "all"
    branches: Mapping[str, str] = field(default_factory=dict, hash=False)

    def uses(self, service: str) -> bool:
        """Answer whether a service is one of its own."""
        return self.services is None or service in self.services


class Because(StrEnum):
    """Why a service, or a tenant's service, is affected or not."""

    PATH_MATCHES = "path-matches"
    PATHS_UNKNOWN = "paths-unknown"
    OTHER_REPOSITORY = "other-repository"
    OTHER_BRANCH = "other-branch"
    NO_PATH_MATCHES = "no-path-matches"
    TENANT_USES_IT = "tenant-uses-it"
    TENANT_DOES_NOT_USE_IT = "tenant-does-not-use-it"
    TRACKS_OTHER_BRANCH = "tracks-other-branch"


@dataclass(frozen=True)
class Verdict:
    """One inclusion or exclusion: of a service (`tenant` is `None`), or of a tenant's service."""

    service: str
    tenant: str | None
    affected: bool
    because: Because
    sentence: str


@dataclass(frozen=True)
class Affected:
    """Every verdict on a change, services first, in the order of the fleet and of the tenants."""

    verdicts: tuple[Verdict, ...]

    @property
    def services(self) -> tuple[str, ...]:
        """The services that the change deploys."""
        return tuple(v.service for v in self.verdicts if v.affected and v.tenant is None)

    @property
    def tenants(self) -> Mapping[str, tuple[str, ...]]:
        """The affected services of each affected tenant."""
        found: dict[str, tuple[str, ...]] = {}
        for verdict in self.verdicts:
            if verdict.affected and verdict.tenant is not None:
                found[verdict.tenant] = (*found.get(verdict.tenant, ()), verdict.service)
        return found

    def targets(self, sha: str) -> Mapping[str, Mapping[str, str]]:
        """Answer the commit for each affected service of each affected tenant: the same for all."""
        return {name: dict.fromkeys(services, sha) for name, services in self.tenants.items()}

    def about(self, tenant: str) -> tuple[Verdict, ...]:
        """Answer what decides for one tenant: every service's verdict, and its own."""
        return tuple(v for v in self.verdicts if v.tenant is None or v.tenant == tenant)


def affected_by(
    change: Change, services: Iterable[Service], tenants: Iterable[TenantFacts]
) -> Affected:
    """Decide which services a change deploys, and to which tenants.

    A tenant that tracks another branch of a service gets what is merged to that one alone; who
    tracks none gets what is merged to the service's own.
    """
    services, tenants = tuple(services), tuple(tenants)
    on_services = [_on_service(change, service, tenants) for service in services]
    deployed = [
        service for service, verdict in zip(services, on_services, strict=True) if verdict.affected
    ]
    on_tenants = [
        _on_tenant(change.branch, service, tenant) for tenant in tenants for service in deployed
    ]
    return Affected((*on_services, *on_tenants))


def _on_service(change: Change, service: Service, tenants: Iterable[TenantFacts]) -> Verdict:
    name, globs = service.name, service.paths
    if change.repository.lower() != service.repository.lower():
        sentence = f"{name} is deployed from {service.repository}, not from {change.repository}"
        return Verdict(name, None, False, Because.OTHER_REPOSITORY, sentence)
    if change.branch != service.branch and not _is_tracked(change.branch, name, tenants):
        sentence = f"branch {change.branch} is not {service.branch}, which {name} deploys"
        return Verdict(name, None, False, Because.OTHER_BRANCH, sentence)
    if not change.complete:
        sentence = (
            f"{name}: more files changed than GitHub lists, so that every path counts as changed"
        )
        return Verdict(name, None, True, Because.PATHS_UNKNOWN, sentence)
    for path in change.paths:
        glob = deciding_glob(path, globs)
        if glob is not None and not glob.startswith("!"):
            sentence = f"{name}: {path} matches {glob}"
            return Verdict(name, None, True, Because.PATH_MATCHES, sentence)
    return Verdict(name, None, False, Because.NO_PATH_MATCHES, _none_matches(change, service))


def _none_matches(change: Change, service: Service) -> str:
    if not change.paths:
        return f"no file changed, so that {service.name} stays as it is"
    wanted = " or ".join(glob for glob in service.paths if not glob.startswith("!"))
    for path in change.paths:
        glob = deciding_glob(path, service.paths)
        if glob is not None:
            return (
                f"no changed file matches {wanted or 'any path'} of {service.name}: "
                f"{path} is taken out by {glob}"
            )
    return f"no changed file matches {wanted or 'any path'} of {service.name}"


def _is_tracked(branch: str, service: str, tenants: Iterable[TenantFacts]) -> bool:
    return any(each.branches.get(service) == branch and each.uses(service) for each in tenants)


def _on_tenant(branch: str, service: Service, tenant: TenantFacts) -> Verdict:
    name, who = service.name, tenant.name
    if not tenant.uses(name):
        sentence = f"{who} does not use {name}"
        return Verdict(name, who, False, Because.TENANT_DOES_NOT_USE_IT, sentence)
    tracked = tenant.branches.get(name, service.branch)
    if tracked != branch:
        sentence = f"{who} tracks {tracked} of {name}, not {branch}"
        return Verdict(name, who, False, Because.TRACKS_OTHER_BRANCH, sentence)
    sentence = (
        f"{who} tracks {tracked} of {name}" if name in tenant.branches else f"{who} uses {name}"
    )
    return Verdict(name, who, True, Because.TENANT_USES_IT, sentence)


def deciding_glob(path: str, globs: tuple[str, ...]) -> str | None:
    """Answer the last of the globs that matches a path, which decides; `None` if none does.

    `*` and `?` stay within a folder, `**` crosses folders, a glob ending in `/` is everything
    in that folder, `\\` takes the next character as it is, and one beginning with `!` takes
    out what the globs before it took in. Globs begin at the repository's root.
    """
    for glob, matches in reversed(_compiled(globs)):
        if matches.fullmatch(path):
            return glob
    return None


@lru_cache(maxsize=256)
def _compiled(globs: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((glob, re.compile(_regex(glob), re.DOTALL)) for glob in globs)


def _regex(glob: str) -> str:
    pattern = glob.removeprefix("!").removeprefix("./").lstrip("/")
    if pattern.endswith("/"):
        pattern += "**"
    return "".join(_translated(pattern))


_PIECES = re.compile(r"(?:\*\*+/)+|\*\*+|\*|\?|\\.|.", re.DOTALL)


def _translated(pattern: str) -> Iterator[str]:
    """Translate piece by piece; `**/` is any number of whole folders where a folder begins."""
    folder_begins = True
    for piece in _PIECES.findall(pattern):
        if piece.startswith("**"):
            yield (("(?:.*/)?" if folder_begins else ".*/") if piece.endswith("/") else ".*")
        elif piece == "*":
            yield "[^/]*"
        elif piece == "?":
            yield "[^/]"
        else:
            yield re.escape(piece[-1])
        folder_begins = piece.endswith("/")
