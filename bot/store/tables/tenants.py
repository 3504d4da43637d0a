"""The clients, what they have, and what keeps it so."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from bot.store.columns import moment


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
