"""The tables: runs and their steps, what was brought about, and the rollouts that asked for it.

JSON is kept as text where the engine wrote it (`arguments`, `result`, `output`, `failure`), so
that the hot path encodes once; it is a JSON column where people and queries look into it.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

from bot.states import State
from bot.store.columns import Moment, StateText

LIVE_ROWS = text("state IN ('queued', 'waiting', 'running')")
_RUNNING_ROWS = text("state = 'running'")


def moment(*, nullable: bool = False) -> Any:
    """Declare a column that holds an aware time."""
    return Field(sa_column=Column(Moment, nullable=nullable), default=None)


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


class Tenant(SQLModel, table=True):
    """A client with a stack of its own. `services` is empty where it uses all of them.

    `branches` names the branch that it tracks of a service, where it is not the service's own.
    """

    name: str = Field(primary_key=True)
    ring: str = "all"
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    services: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    branches: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    variables: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = moment()


class Deployed(SQLModel, table=True):
    """The revision of a service that a tenant has; what succeeded last, with what variables."""

    tenant: str = Field(primary_key=True)
    service: str = Field(primary_key=True)
    revision: str
    variables: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    rollout_id: str | None = None
    updated_at: datetime = moment()


class Hold(SQLModel, table=True):
    """A tenant's service that stays where it is: `hold` after a rollback, `pin` by hand.

    Merges, retries and drift cycles respect it; who lifts it says so by a command.
    """

    tenant: str = Field(primary_key=True)
    service: str = Field(primary_key=True)
    kind: str
    revision: str | None = None
    reason: str
    placed_by: str
    pull_request: str | None = None
    placed_at: datetime = moment()
    until: datetime | None = moment(nullable=True)


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


class Notice(SQLModel, table=True):
    """What GitHub should say, once: a comment, a check, a reaction, an answer, a deployment.

    `target` says where, as its `kind` does. The words are rendered from `source` when they are
    sent, or are made of `content`. `due` while GitHub may be behind; `changes` rises each time it
    becomes so, also while it is being told. GitHub has words with this `digest` under this
    `number`. `underway`: a write was begun whose answer is not known, so that it is looked up
    before it is repeated. What GitHub does not take is said in the notice `told_by`.
    """

    __table_args__ = (
        Index("notice_due", "due", "account"),
        Index("notice_source", "source"),
        Index("notice_told_by", "told_by"),
        Index("notice_told", "told_at"),
    )

    key: str = Field(primary_key=True)
    account: str
    kind: str
    target: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    source: str | None = None
    content: str | None = Field(default=None, sa_column=Column(Text))
    told_by: str | None = None
    rank: int
    due: bool = True
    changes: int = 1
    final: bool = False
    number: int | None = Field(default=None, sa_column=Column(BigInteger))
    digest: str | None = None
    underway: bool = False
    attempts: int = 0
    given_up: bool = False
    problem: str | None = Field(default=None, sa_column=Column(Text))
    not_before: datetime | None = moment(nullable=True)
    told_at: datetime | None = moment(nullable=True)


class Written(SQLModel, table=True):
    """A write to GitHub of the last hour, counted towards what GitHub allows an account."""

    __table_args__ = (Index("written_lately", "account", "at"),)

    id: str = Field(primary_key=True)
    account: str
    at: datetime = moment()


class Silence(SQLModel, table=True):
    """Until when GitHub wants to hear nothing of an account, after how many limits in a row."""

    account: str = Field(primary_key=True)
    until: datetime = moment()
    limits: int = 1


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
