"""What was asked for: plans, rollouts with their deployments, and commands."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Text, text
from sqlmodel import Field, SQLModel

from bot.states import State
from bot.store.columns import StateText, moment


class Plan(SQLModel, table=True):
    """What a proposal would do: an open pull request, or a group of a merge queue.

    `proposal` is what would be merged as `attempt` found it, `outlook` whom that would reach, and
    `said` what the stack of each tenant that was asked answered, without any value. `reckoned_for`
    tells the tenants and holds that the outlook was made for from others. `closed` once it is
    merged, or given up.
    """

    __table_args__ = (
        Index("plan_head", "head_sha"),
        Index(
            "plan_open",
            "closed",
            sqlite_where=text("closed IS NULL AND pull_request IS NOT NULL"),
            postgresql_where=text("closed IS NULL AND pull_request IS NOT NULL"),
        ),
    )

    key: str = Field(primary_key=True)
    repository: str
    pull_request: int | None = None
    head_sha: str
    base: str
    proposal: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    outlook: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    said: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    reckoned_for: str
    attempt: int = 1
    state: State = Field(sa_column=Column(StateText, nullable=False))
    problem: str | None = Field(default=None, sa_column=Column(Text))
    closed: str | None = None
    run_id: str | None = None
    created_at: datetime = moment()
    finished_at: datetime | None = moment(nullable=True)


class Rollout(SQLModel, table=True):
    """Revisions over many tenants: because something was merged, or somebody asked for it.

    It advances in legs, each one run; between them it waits for people, or for the end of a
    freeze (`continue_at`). `number` rises with each rollout: it tells which of two is the newer
    one, but where a delivery came late. Then `contained_in` names the commits, rolled out
    before, that hold this one already. `key` is what it was begun for, so that it begins once.
    `policy` is the text of the `orbits.toml` that it goes by, `bakes` the seconds of pause after
    each wave. `forgiven` failures were there when somebody resumed it, and count no more.
    `stopped` says in a few words why it does not go on by itself.
    """

    __table_args__ = (Index("rollout_of_pull_request", "repository", "pull_request"),)

    id: str = Field(primary_key=True)
    number: int = Field(unique=True)
    key: str = Field(unique=True)
    kind: str = "merge"
    repository: str
    branch: str
    sha: str
    services: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    pull_request: int | None = None
    title: str
    author: str
    asked_by: str
    url: str
    undoes: str | None = None
    reason: str | None = None
    contained_in: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    explanation: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    policy: str = Field(default="", sa_column=Column(Text, nullable=False))
    bakes: list[float] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    forgiven: int = 0
    state: State = Field(sa_column=Column(StateText, nullable=False))
    stopped: str | None = None
    leg: int = 0
    run_id: str | None = None
    pauses_until: datetime | None = moment(nullable=True)
    continue_at: datetime | None = moment(nullable=True)
    created_at: datetime = moment()
    finished_at: datetime | None = moment(nullable=True)


class Deployment(SQLModel, table=True):
    """One tenant's stack brought to the revisions of a rollout. What it was is snapshotted.

    `target` is the revision of each service that it is brought to; `before` what it had, and
    `variables_before` with which variables. `desired` is the whole of what its stack was done with.
    `held_by` says what keeps one in the state `held`.
    """

    rollout_id: str = Field(primary_key=True)
    tenant: str = Field(primary_key=True)
    wave: int = 1
    state: State = Field(sa_column=Column(StateText, nullable=False))
    held_by: str | None = None
    reason: str
    target: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    before: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    variables_before: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False)
    )
    desired: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    failed_step: str | None = None
    problem: str | None = Field(default=None, sa_column=Column(Text))
    tail: str | None = Field(default=None, sa_column=Column(Text))
    rolled_back: bool = False
    run_id: str | None = None
    started_at: datetime | None = moment(nullable=True)
    finished_at: datetime | None = moment(nullable=True)


class Order(SQLModel, table=True):
    """A command of a comment, or of a button: carried out once, however often its delivery comes.

    `comment` is `owner/name/id`, or tells what was pressed, when and by whom. `about` is what its
    author saw: the newest rollout of the pull request when the comment came, or the head of an
    open one.
    """

    # `order` is a word of SQL's own.
    __tablename__ = "ordered"

    comment: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    repository: str
    comment_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    pull_request: int
    login: str
    line: str = Field(sa_column=Column(Text, nullable=False))
    about: str | None = None
    state: State = Field(default=State.QUEUED, sa_column=Column(StateText, nullable=False))
    answer: str = Field(default="", sa_column=Column(Text, nullable=False))
    asked_at: datetime = moment()
    done_at: datetime | None = moment(nullable=True)
