"""The tables of which `orbits.toml` may list many: blocks of time, and who may do what."""

from datetime import datetime, time
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Strict,
    Tag,
    ValidationInfo,
    field_validator,
)

from bot.rollouts.policy import people, quantities, times
from bot.rollouts.policy.people import Named
from bot.rollouts.policy.phrases import instead, quoted
from bot.rollouts.selectors import Selector

VERBS = (
    *("plan", "deploy", "rollback", "retry", "cancel", "pause", "resume", "approve"),
    *("hold", "unhold", "pin", "unpin", "drift check", "drift ack", "drift fix", "drift ignore"),
)
"""What may be left to some people by a rule; everyone may read."""

MOST_ENTRIES = 50
"""How many a list may name."""


def _verb(value: object) -> str:
    if not isinstance(value, str) or value not in VERBS:
        raise ValueError(
            f"is {quoted(value)}, which is no command for a rule.{instead(value, VERBS)}"
        )
    return value


def _some(value: object) -> object:
    if isinstance(value, list) and not value:
        raise ValueError("is an empty list: leave it out, or name something.")
    if isinstance(value, list) and len(value) > MOST_ENTRIES:
        raise ValueError(f"holds more than {MOST_ENTRIES}.")
    return value


_T = TypeVar("_T")
Some = Annotated[tuple[_T, ...], BeforeValidator(_some)]
Name = Annotated[str, Strict(), Field(min_length=1, max_length=60)]
_Selector = Annotated[Selector, PlainValidator(quantities.selector)]
_Zone = Annotated[ZoneInfo, PlainValidator(times.zone)]


class Table(BaseModel):
    """A table of `orbits.toml`: what it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @classmethod
    def known_keys(cls) -> tuple[str, ...]:
        """Answer the keys of this table, as they are typed."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())


class OnceFreeze(Table):
    """A block of time from one moment up to another, as the clocks of its zone show them."""

    name: Name
    zone: _Zone
    begins: Annotated[datetime, PlainValidator(times.local_moment)] = Field(alias="from")
    ends: Annotated[datetime, PlainValidator(times.local_moment)] = Field(alias="until")
    tenants: _Selector | None = None

    @field_validator("ends")
    @classmethod
    def _comes_later(cls, ends: datetime, info: ValidationInfo) -> datetime:
        begins = info.data.get("begins")
        if begins is not None and ends <= begins:
            raise ValueError("is not later than `from`.")
        return ends


class WeeklyFreeze(Table):
    """A block of time on each of some days of the week, as the clocks of its zone show it.

    Where it does not end later than it begins, it ends on the day after.
    """

    name: Name
    zone: _Zone
    days: Some[Annotated[str, PlainValidator(times.day)]]
    begins: Annotated[time, PlainValidator(times.clock_time)] = Field(alias="from")
    ends: Annotated[time, PlainValidator(times.clock_time_or_midnight)] = Field(alias="until")
    tenants: _Selector | None = None


Freeze = OnceFreeze | WeeklyFreeze


def _kind_of_freeze(raw: object) -> str:
    return "weekly" if isinstance(raw, dict) and "days" in raw else "once"


AnyFreeze = Annotated[
    Annotated[OnceFreeze, Tag("once")] | Annotated[WeeklyFreeze, Tag("weekly")],
    Discriminator(_kind_of_freeze),
]


class Rule(Table):
    """Who may do what to which tenants, in place of the roles that are built in."""

    who: Some[Annotated[Named, PlainValidator(people.named)]]
    verbs: Some[Annotated[str, PlainValidator(_verb)]]
    tenants: _Selector | None = None
