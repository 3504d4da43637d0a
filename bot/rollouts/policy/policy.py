"""What `orbits.toml` may say, key by key, and what it means to leave a key out."""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import (
    BeforeValidator,
    Field,
    PlainValidator,
    Strict,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from bot.report.suggestions import in_code
from bot.rollouts.policy import quantities
from bot.rollouts.policy.circles import circle_in
from bot.rollouts.policy.findings import MISFITS
from bot.rollouts.policy.phrases import Path, quoted
from bot.rollouts.policy.quantities import Amount, Portion
from bot.rollouts.policy.tables import AnyFreeze, Freeze, Name, Rule, Some, Table
from bot.rollouts.policy.watching import DriftPolicy, Route

MOST_TABLES = 100


class OnFailure(StrEnum):
    """What becomes of a tenant whose deployment failed."""

    ROLL_BACK = "roll-back"
    LEAVE = "leave"


def _on_failure(value: object) -> OnFailure:
    if not isinstance(value, str) or value not in set(OnFailure):
        raise ValueError(f'is {quoted(value)}: write `"roll-back"` or `"leave"`.')
    return OnFailure(value)


_OneOrMany = BeforeValidator(lambda value: value if isinstance(value, list) else [value])
_Switch = Annotated[bool, Strict()]
_Count = Annotated[int, Strict(), Field(ge=0, le=quantities.LARGEST_COUNT)]
_Amount = Annotated[Amount, PlainValidator(quantities.amount)]
_Pause = Annotated[timedelta, PlainValidator(quantities.pause)]
_Portion = Annotated[Portion, PlainValidator(quantities.portion)]


class RolloutPolicy(Table):
    """How a rollout of one service, or of several together, goes.

    Without any key: one wave of everyone, which no failure stops and nobody approves.
    A single pause is the one after each wave; else there is one for each. A rollout stops as
    soon as one of its failure limits is reached, and waits to be approved where it reaches more
    tenants than `approve_above`. `on_push` rolls pushes without a pull request out too,
    `deployments` asks for one GitHub Deployment a tenant, and with `supersede` a newer merge
    takes over what has not started.
    """

    waves: Some[_Portion] = (Portion("rest"),)
    pauses: Annotated[Some[_Pause], _OneOrMany] = Field(default=(timedelta(),), alias="bake")
    failure_limits: Annotated[Some[_Amount], _OneOrMany] = Field(default=(), alias="failure_limit")
    approve_above: _Count | None = None
    on_failure: Annotated[OnFailure, PlainValidator(_on_failure)] = OnFailure.ROLL_BACK
    on_push: _Switch = False
    deployments: _Switch = False
    supersede: _Switch = True

    @field_validator("waves")
    @classmethod
    def _ends_with_the_rest(cls, waves: tuple[Portion, ...]) -> tuple[Portion, ...]:
        if Portion("rest") in waves[:-1]:
            raise ValueError('goes on after `"rest"`, which leaves nobody for a later wave.')
        return waves

    @property
    def pause_of_each(self) -> tuple[timedelta, ...]:
        """The pause after each wave."""
        return self.pauses * len(self.waves) if len(self.pauses) == 1 else self.pauses


class ServicePolicy(RolloutPolicy):
    """What one service does in its own way, and after which others of a stack it goes."""

    after: Some[Name] = ()

    def over(self, usual: RolloutPolicy) -> RolloutPolicy:
        """Answer what is usual, changed where this table says so."""
        said = {name: getattr(self, name) for name in self.model_fields_set - {"after"}}
        return usual.model_copy(update=said)


class Policy(Table):
    """The whole of `orbits.toml`; the default one is that of a repository without the file."""

    rollout: RolloutPolicy = RolloutPolicy()
    services: dict[str, ServicePolicy] = Field(default={}, max_length=MOST_TABLES)
    freezes: Annotated[tuple[AnyFreeze, ...], Field(max_length=MOST_TABLES)] = ()
    rules: Annotated[tuple[Rule, ...], Field(max_length=MOST_TABLES)] = ()
    drift: DriftPolicy = DriftPolicy()
    alerts: Annotated[tuple[Route, ...], Field(max_length=MOST_TABLES)] = ()

    @field_validator("rollout")
    @classmethod
    def _has_a_pause_for_each_wave(cls, rollout: RolloutPolicy) -> RolloutPolicy:
        _refuse(_wrong_pauses(rollout, ()))
        return rollout

    @field_validator("services")
    @classmethod
    def _fit_together(
        cls, services: dict[str, ServicePolicy], info: ValidationInfo
    ) -> dict[str, ServicePolicy]:
        wrong = []
        for name, own in services.items():
            if "rollout" in info.data and own.model_fields_set & {"waves", "pauses"}:
                wrong += _wrong_pauses(own.over(info.data["rollout"]), (name,))
        circle = circle_in({name: own.after for name, own in services.items()})
        if circle:
            words = f"closes a circle: {' after '.join(map(in_code, circle))}."
            wrong.append(((circle[0], "after"), words))
        _refuse(wrong)
        return services

    @field_validator("freezes", "rules", "alerts", mode="before")
    @classmethod
    def _are_many(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, dict):
            raise ValueError(f"is one table: write `[[{info.field_name}]]` above each.")  # noqa: TRY004 (pydantic gathers ValueErrors)
        return value

    @field_validator("freezes")
    @classmethod
    def _have_each_its_name(cls, freezes: tuple[Freeze, ...]) -> tuple[Freeze, ...]:
        first: dict[str, int] = {}
        _refuse(
            ((place, "name"), f"is the name of `freezes[{first[freeze.name]}]` as well.")
            for place, freeze in enumerate(freezes)
            if first.setdefault(freeze.name, place) != place
        )
        return freezes

    def service(self, name: str) -> RolloutPolicy:
        """Answer how one service is rolled out: in its own way, else as the repository is."""
        own = self.services.get(name)
        return self.rollout if own is None else own.over(self.rollout)


def _wrong_pauses(way: RolloutPolicy, path: Path) -> list[tuple[Path, str]]:
    pauses, waves = len(way.pause_of_each), len(way.waves)
    if pauses == waves:
        return []
    words = (
        f"names another number of pauses ({pauses}) than there are waves ({waves}): name one for "
        "each wave, or a single one for all."
    )
    return [((*path, "bake"), words)]


def _refuse(wrong: Iterable[tuple[Path, str]]) -> None:
    if misfits := list(wrong):
        raise PydanticCustomError(MISFITS, "{misfits}", {"misfits": misfits})
