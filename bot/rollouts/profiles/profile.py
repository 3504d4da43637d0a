"""What an operator says of one tenant: who it is among others, what it gets, and from where."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field, JsonValue, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from bot.rollouts.affected import TenantFacts
from bot.rollouts.policy.findings import MISFITS
from bot.rollouts.policy.tables import Some, Table
from bot.rollouts.profiles import fields
from bot.rollouts.profiles.variables import variables

MOST_ENTRIES = 50


def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


_Ring = Annotated[str, PlainValidator(fields.ring)]
_Tag = Annotated[str, PlainValidator(fields.tag)]
_Service = Annotated[str, PlainValidator(fields.service)]
_ServiceKey = Annotated[str, AfterValidator(fields.service_key)]
_Branch = Annotated[str, PlainValidator(fields.branch)]
_Tags = Annotated[tuple[_Tag, ...], Field(max_length=MOST_ENTRIES), AfterValidator(_in_order)]
_Services = Annotated[Some[_Service], AfterValidator(_in_order)]
_Branches = Annotated[dict[_ServiceKey, _Branch], Field(max_length=MOST_ENTRIES)]
_Variables = Annotated[dict[str, JsonValue], PlainValidator(variables)]


class Profile(Table):
    """A tenant, but for its name; validated on `Grounds`, which are the context.

    Without `services` it uses all of them. `branches` names the branch that it tracks of a
    service, where it is not the service's own.
    """

    ring: _Ring = fields.EVERYONE
    tags: _Tags = ()
    services: _Services = ()
    branches: _Branches = Field(default_factory=dict)
    variables: _Variables = Field(default_factory=dict)

    @model_validator(mode="after")
    def _tracks_what_it_uses(self) -> Self:
        misfits = [
            (("branches", service), "is for a service that is not among its `services`.")
            for service in self.idle_branches
        ]
        if misfits:
            raise PydanticCustomError(MISFITS, "{misfits}", {"misfits": misfits})
        return self

    @property
    def idle_branches(self) -> Mapping[str, str]:
        """The branches that it would track of services that it does not use."""
        used = self.services or self.branches
        return {name: branch for name, branch in self.branches.items() if name not in used}

    def facts(self, name: str) -> TenantFacts:
        """Answer what matters of a tenant of that name to a rollout."""
        return TenantFacts(
            name=name,
            tags=frozenset(self.tags),
            services=frozenset(self.services) or None,
            ring=self.ring,
            branches=self.branches,
        )
