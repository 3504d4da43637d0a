"""What is to be said outside, and how much was said lately."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Text
from sqlmodel import Field, SQLModel

from bot.store.columns import moment


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
