"""What an agency runs: its services, where they come from, and the stack each tenant gets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, JsonValue

from resources.model.resource import Resource
from resources.secrets import EnvironmentSecrets, FileSecrets, SecretSource

OWN_SOURCES = frozenset({EnvironmentSecrets.scheme, FileSecrets.scheme})
"""The schemes of the secrets that every bot has a source for."""


@dataclass(frozen=True)
class Service:
    """What one service repository, or one part of it, deploys.

    `repository` is `owner/name`. `paths` are globs as git's, of which one must match a
    changed file: `**` crosses folders, `*` does not. One that cannot be rolled back says why in
    `no_way_back`, such as `its events are with customers already`.
    """

    name: str
    repository: str
    branch: str = "main"
    paths: tuple[str, ...] = ("**",)
    no_way_back: str = ""


class Desired(BaseModel):
    """What one tenant's stack should be: a commit for each service, and the tenant's variables.

    `stages` are its services in groups, of which each goes after the one before. `put_back`:
    where the stack fails, it brings back what the tenant had. `back`: this is the way back to what
    the tenant had before, so that the stack is rolled back to it.
    """

    model_config = ConfigDict(frozen=True)

    tenant: str
    revisions: Mapping[str, str]
    variables: Mapping[str, JsonValue] = {}
    stages: tuple[tuple[str, ...], ...] = ()
    put_back: bool = True
    back: bool = False


@dataclass(frozen=True)
class Fleet:
    """The services of an agency, and how a tenant's stack is made of what is desired.

    This is what `ORBITS_STACKS=module:attribute` names. A stack does not use a service
    whose revision is not among `Desired.revisions` yet.

    `secrets` are further kinds of places where the stacks' secrets are, besides the environment
    and the files of the bot:

        Fleet(services, stack, secrets=(SecretsManager(agency), ParameterStore(agency)))
    """

    services: tuple[Service, ...]
    stack: Callable[[Desired], Resource]
    secrets: tuple[SecretSource, ...] = ()
    _by_name: dict[str, Service] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {service.name: service for service in self.services}
        if len(by_name) != len(self.services):
            raise ValueError("two services of the fleet carry one name; give each its own")
        object.__setattr__(self, "_by_name", by_name)
        schemes = [source.scheme for source in self.secrets]
        if len({*schemes, *OWN_SOURCES}) != len(schemes) + len(OWN_SOURCES):
            raise ValueError(
                "two sources of the fleet's secrets have one scheme, or one has that of the bot's "
                f"own ({', '.join(sorted(OWN_SOURCES))}); give each its own"
            )

    def service(self, name: str) -> Service:
        """Answer the service of that name; raises `KeyError` where there is none."""
        return self._by_name[name]
