"""What tenants have become behind our back, and when that is looked for."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, Text, text
from sqlmodel import Field, SQLModel

from bot.store.columns import moment


class Watch(SQLModel, table=True):
    """When a tenant's stack is looked at again, and how the last look went.

    `underway_since`: a look goes on, in the run `run_id`. `asked`: somebody wants it, though it be
    paused. `every_seconds` is the interval that its class says, 0 where that is not known.
    `failures` are the looks in a row that could not be made; `unable_since` when that was told.
    `matching_since`: since when every look found it as desired. A stack whose class says
    nothing of cycles has no `due_at`.
    """

    __table_args__ = (
        Index(
            "watch_due",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index(
            "watch_underway",
            "underway_since",
            sqlite_where=text("underway_since IS NOT NULL"),
            postgresql_where=text("underway_since IS NOT NULL"),
        ),
    )

    tenant: str = Field(primary_key=True)
    due_at: datetime | None = moment(nullable=True)
    every_seconds: float = 0
    run_id: str | None = None
    underway_since: datetime | None = moment(nullable=True)
    asked: bool = False
    looked_at: datetime | None = moment(nullable=True)
    matching_since: datetime | None = moment(nullable=True)
    failures: int = 0
    unable_since: datetime | None = moment(nullable=True)
    problem: str | None = Field(default=None, sa_column=Column(Text))
    paused_by: str | None = None
    paused_until: datetime | None = moment(nullable=True)


class Drift(SQLModel, table=True):
    """A tenant's stack that is not as desired, in one of the phases of its life.

    `issue` tells its issues apart, where there was more than one; `umbrella`: it is told in the
    issue of many. `differences` are those that were found last, of so many in `total`.
    `desired` is what each service should have been then. `hidden`: its issue was closed by hand.
    `fix` counts what was done to repair it, `fixed_by` who asked for the last one; `fixing` while
    that goes on, or waits for its turn, in the run `fix_run_id`. `told` are the paths that people
    were told of last, each with what tells its state from another.
    """

    tenant: str = Field(primary_key=True)
    repository: str
    phase: str
    issue: int = 1
    umbrella: bool = False
    differences: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    total: int = 0
    told: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    desired: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    detections: int = 1
    clean_looks: int = 0
    changes: int = 0
    found_at: datetime = moment()
    opened_at: datetime | None = moment(nullable=True)
    changed_at: datetime | None = moment(nullable=True)
    resolved_at: datetime | None = moment(nullable=True)
    reopened: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    hidden: bool = False
    until: datetime | None = moment(nullable=True)
    by: str | None = None
    reason: str | None = None
    fix: int = 0
    fixing: bool = False
    fix_run_id: str | None = None
    fixed_by: str | None = None
    fix_problem: str | None = Field(default=None, sa_column=Column(Text))


class Accepted(SQLModel, table=True):
    """A difference that somebody accepts: this path of a tenant's stack, as it was observed."""

    tenant: str = Field(primary_key=True)
    path: str = Field(primary_key=True)
    observed: str = Field(primary_key=True)
    by: str
    reason: str | None = None
    at: datetime = moment()
    until: datetime | None = moment(nullable=True)


class KeptPolicy(SQLModel, table=True):
    """The `orbits.toml` of a repository's branch as it was read last, for what goes by the clock.

    Where it could not be read, `text` is what could be before, and `problem` says why.
    """

    repository: str = Field(primary_key=True)
    text: str = Field(default="", sa_column=Column(Text, nullable=False))
    problem: str | None = Field(default=None, sa_column=Column(Text))
    read_at: datetime = moment()
