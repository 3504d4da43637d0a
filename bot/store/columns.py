"""How times and states stand in the store, on every kind of database alike."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field

from bot.states import State


class Moment(TypeDecorator[datetime]):
    """An aware `datetime`, stored as UTC; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"the time {value} has no zone; the store takes aware times only")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back that SQLite does not keep; on PostgreSQL it is the session's."""
        if value is None or value.tzinfo is UTC:
            return value
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class StateText(TypeDecorator[State]):
    """A `State`, stored as its word."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: State | str | None, dialect: Dialect) -> str | None:
        """Take a state, or its word."""
        return None if value is None else State(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> State | None:
        """Answer the state."""
        return None if value is None else State(value)


def moment(*, nullable: bool = False) -> Any:
    """Declare a column that holds an aware time."""
    return Field(sa_column=Column(Moment, nullable=nullable), default=None)
