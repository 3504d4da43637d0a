"""What GitHub told, and what of it was missed."""

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

from bot.states import State
from bot.store.columns import StateText, moment


class Delivery(SQLModel, table=True):
    """One webhook request, stored before it is acknowledged."""

    __table_args__ = (
        Index(
            "delivery_open",
            "received_at",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index("delivery_handled", "handled_at"),
    )

    guid: str = Field(primary_key=True)
    event: str
    action: str | None = None
    repository: str | None = None
    payload: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    state: State = Field(default=State.QUEUED, sa_column=Column(StateText, nullable=False))
    attempts: int = 0
    problem: str | None = Field(default=None, sa_column=Column(Text))
    received_at: datetime = moment()
    not_before: datetime | None = moment(nullable=True)
    handled_at: datetime | None = moment(nullable=True)


class Look(SQLModel, table=True):
    """A look for what was missed: until when all is known, and when the next one is due.

    `told_to_wait`: GitHub itself named that time, so that a restart waits for it as well.
    """

    name: str = Field(primary_key=True)
    known_until: datetime | None = moment(nullable=True)
    due_at: datetime = moment()
    told_to_wait: bool = False


class Head(SQLModel, table=True):
    """The commit of a tracked branch up to which all that landed there is handled."""

    repository: str = Field(primary_key=True)
    branch: str = Field(primary_key=True)
    sha: str
    seen_at: datetime = moment()


class Recovered(SQLModel, table=True):
    """How often something was missed and found later, by its kind, and what it was last."""

    kind: str = Field(primary_key=True)
    count: int = 0
    last: str
    last_at: datetime = moment()
