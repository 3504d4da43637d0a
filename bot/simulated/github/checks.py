"""Check runs and their suites: what Apps report on a commit."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.simulated.github.apps import App
from bot.simulated.github.codebase import Codebase

STALE_AFTER = timedelta(days=14)
STATUSES = ("queued", "in_progress", "completed", "waiting", "requested", "pending")
CONCLUSIONS = (
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "success",
    "skipped",
    "timed_out",
)
_WORST_FIRST = ("failure", "timed_out", "cancelled", "action_required", "stale", "success")


@dataclass(frozen=True)
class Action:
    """A button of a check run."""

    label: str
    description: str
    identifier: str


@dataclass(eq=False)
class CheckSuite:
    """All check runs of one App on one commit."""

    id: int
    app: App
    repository: Codebase
    head_sha: str
    head_branch: str | None
    before: str | None
    created_at: datetime
    updated_at: datetime
    runs: list["CheckRun"] = field(default_factory=list)

    @property
    def latest_runs(self) -> list["CheckRun"]:
        """The newest run of each name."""
        return list({run.name: run for run in self.runs}.values())

    @property
    def status(self) -> str:
        """`completed` when every run is."""
        runs = self.latest_runs
        if not runs:
            return "queued"
        done = all(run.status == "completed" for run in runs)
        return "completed" if done else "in_progress"

    @property
    def conclusion(self) -> str | None:
        """The worst conclusion of its runs, once all are completed."""
        if self.status != "completed":
            return None
        found = {run.conclusion for run in self.latest_runs}
        for conclusion in _WORST_FIRST:
            if conclusion in found:
                return conclusion
        return "neutral" if "neutral" in found else "skipped"


@dataclass(eq=False)
class CheckRun:
    """One named check of one App on one commit.

    An unfinished run becomes `stale` by itself after 14 days.
    """

    id: int
    suite: CheckSuite
    name: str
    created_at: datetime
    started_at: datetime
    reported_status: str = "queued"
    reported_conclusion: str | None = None
    completed_at: datetime | None = None
    external_id: str = ""
    details_url: str = ""
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[dict[str, Any]] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)

    @property
    def app(self) -> App:
        """The App that owns it, and alone may write it."""
        return self.suite.app

    @property
    def repository(self) -> Codebase:
        """Where the commit is."""
        return self.suite.repository

    @property
    def head_sha(self) -> str:
        """The commit it is about."""
        return self.suite.head_sha

    @property
    def stale(self) -> bool:
        """Whether GitHub has given up waiting for it."""
        age = self.repository.platform.now() - self.created_at
        return self.reported_status != "completed" and age >= STALE_AFTER

    @property
    def status(self) -> str:
        """Where it is on its way."""
        return "completed" if self.stale else self.reported_status

    @property
    def conclusion(self) -> str | None:
        """How it ended."""
        return "stale" if self.stale else self.reported_conclusion

    @property
    def html_url(self) -> str:
        """Where to read it."""
        return f"{self.repository.html_url}/runs/{self.id}"

    @property
    def url(self) -> str:
        """Its address in the REST API."""
        return f"{self.repository.url}/check-runs/{self.id}"
