"""Runs and their steps, who works on them, and what was brought about.

JSON is kept as text where the engine wrote it (`arguments`, `result`, `output`, `failure`), so
that the hot path encodes once.
"""

from datetime import datetime

from sqlalchemy import Column, Index, Text, text
from sqlmodel import Field, SQLModel

from bot.states import State
from bot.store.columns import StateText, moment

LIVE_ROWS = text("state IN ('queued', 'waiting', 'running')")
_RUNNING_ROWS = text("state = 'running'")


class Owner(SQLModel, table=True):
    """A process that works on runs. Its id is new at each start; it lives while its heart beats."""

    id: str = Field(primary_key=True)
    host: str
    pid: int
    started_at: datetime = moment()
    heartbeat_at: datetime = moment()


class Run(SQLModel, table=True):
    """One command of one resource, workflow or action.

    A running row is the lock of its identity, and a live row is what an equal command joins:
    both are unique indexes, so that no other bookkeeping can disagree with them. `token`
    rises each time the run changes hands; a write that carries an older one is refused.

    A root (`root_id` is its own id) is taken by any worker; what is nested in it, by who asks
    for it. `queued` waits for a worker, `waiting` for its turn in the process that asked. A
    lower `rank` is taken sooner. `asked`: somebody asked for it by itself, so that it goes on
    though the run that began it gives it up. `cancelled_by` names who asked for its end;
    empty: nobody waits for it any more. The failure of one that is not the `last_try` of its
    parent's step is not that step's.
    """

    __table_args__ = (
        Index(
            "run_live_command",
            "identity",
            "command",
            "fingerprint",
            unique=True,
            sqlite_where=LIVE_ROWS,
            postgresql_where=LIVE_ROWS,
        ),
        Index(
            "run_running_identity",
            "identity",
            unique=True,
            sqlite_where=_RUNNING_ROWS,
            postgresql_where=_RUNNING_ROWS,
        ),
        Index(
            "run_queue",
            "state",
            "rank",
            "id",
            sqlite_where=LIVE_ROWS,
            postgresql_where=LIVE_ROWS,
        ),
        Index("run_owner", "owner", sqlite_where=LIVE_ROWS, postgresql_where=LIVE_ROWS),
        Index("run_root", "root_id"),
        Index("run_parent", "parent_id"),
        Index("run_finished", "finished_at"),
    )

    id: str = Field(primary_key=True)
    root_id: str
    parent_id: str | None = None
    parent_step: str | None = None
    identity: str
    command: str
    kind: str
    arguments: str = Field(sa_column=Column(Text, nullable=False))
    fingerprint: str
    force: bool = False
    asked: bool = False
    rank: int = 0
    paused: bool = False
    cancelled_by: str | None = None
    state: State = Field(sa_column=Column(StateText, nullable=False))
    owner: str | None = None
    token: int = 0
    taken_at: datetime | None = moment(nullable=True)
    last_try: bool = True
    result: str | None = Field(default=None, sa_column=Column(Text))
    failure: str | None = Field(default=None, sa_column=Column(Text))
    deadline_at: datetime | None = moment(nullable=True)
    created_at: datetime = moment()
    started_at: datetime | None = moment(nullable=True)
    finished_at: datetime | None = moment(nullable=True)


class Step(SQLModel, table=True):
    """A named step of a run, done once. A `running` row: one that may not be repeated began."""

    run_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    kind: str
    fingerprint: str
    state: State = Field(sa_column=Column(StateText, nullable=False))
    result: str | None = Field(default=None, sa_column=Column(Text))
    failure: str | None = Field(default=None, sa_column=Column(Text))
    started_at: datetime = moment()
    finished_at: datetime | None = moment(nullable=True)


class Wait(SQLModel, table=True):
    """A step of a run that waits for a run which another step began; who began it needs none."""

    waiter_id: str = Field(primary_key=True)
    step: str = Field(primary_key=True)
    target_id: str = Field(primary_key=True, index=True)


class Place(SQLModel, table=True):
    """A place that a run needs in a lane, such as `tenant:acme`, of which there are `most`."""

    __table_args__ = (Index("place_held", "lane", "held"),)

    run_id: str = Field(primary_key=True)
    lane: str = Field(primary_key=True)
    most: int
    held: bool = False


class Signal(SQLModel, table=True):
    """What somebody told a run that waits for it, such as an approval. The first one counts."""

    run_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    payload: str = Field(sa_column=Column(Text, nullable=False))
    sent_by: str
    sent_at: datetime = moment()


class DoneOnce(SQLModel, table=True):
    """A step that is done once for an identity, whichever run does it."""

    identity: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    kind: str
    result: str = Field(sa_column=Column(Text, nullable=False))
    run_id: str
    done_at: datetime = moment()


class Printed(SQLModel, table=True):
    """A piece of what a step printed, with known secrets masked; `number` rises with time."""

    run_id: str = Field(primary_key=True)
    step: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    text: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = moment()


class Recorded(SQLModel, table=True):
    """What was last brought about on an identity.

    `arguments`, `fingerprint` and `output` are those of the last success: the last known
    good. `settled` is false from the moment a command begins to change it until one succeeds.
    """

    identity: str = Field(primary_key=True)
    kind: str
    installed_version: int | None = None
    fingerprint: str | None = None
    arguments: str | None = Field(default=None, sa_column=Column(Text))
    output: str | None = Field(default=None, sa_column=Column(Text))
    settled: bool = False
    run_id: str
    updated_at: datetime = moment()
