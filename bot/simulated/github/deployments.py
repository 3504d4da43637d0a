"""Deployments and commit statuses: the older ways to report on a commit."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.simulated.github.accounts import Account
from bot.simulated.github.codebase import Codebase

STATUS_STATES = ("error", "failure", "pending", "success")
DEPLOYMENT_STATES = (
    "error",
    "failure",
    "inactive",
    "in_progress",
    "queued",
    "pending",
    "success",
)
MAXIMUM_DESCRIPTION = 140
MAXIMUM_CONTEXT = 255
MAXIMUM_STATUSES = 1000


@dataclass(eq=False)
class CommitStatus:
    """One word on a commit, in one context; the newest of a context counts."""

    id: int
    repository: Codebase
    sha: str
    creator: Account
    state: str
    context: str
    description: str | None
    target_url: str | None
    created_at: datetime


@dataclass(eq=False)
class DeploymentStatus:
    """How far a deployment has come."""

    id: int
    creator: Account
    state: str
    environment: str
    description: str
    target_url: str
    environment_url: str
    created_at: datetime


@dataclass(eq=False)
class Deployment:
    """A request to bring one commit to one environment."""

    id: int
    repository: Codebase
    creator: Account
    ref: str
    sha: str
    task: str
    environment: str
    description: str | None
    payload: Any
    created_at: datetime
    updated_at: datetime
    transient_environment: bool = False
    production_environment: bool = False
    statuses: list[DeploymentStatus] = field(default_factory=list)

    @property
    def state(self) -> str:
        """The newest status, or `pending` before the first."""
        return self.statuses[-1].state if self.statuses else "pending"

    @property
    def url(self) -> str:
        """Its address in the REST API."""
        return f"{self.repository.url}/deployments/{self.id}"
