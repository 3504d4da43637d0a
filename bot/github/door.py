"""The one class through which the bot asks anything of GitHub, or changes anything there."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Literal, Self

import httpx
from pydantic import JsonValue

from bot.github.answers import (
    ChangedPaths,
    CheckRun,
    CommitsBetween,
    DeploymentRequest,
    DeploymentStatus,
    Me,
    Role,
)
from bot.github.auth import AppKey, PersonalToken
from bot.github.delivery import DeliveryAttempt, DeliveryRecord
from bot.github.issue import IssueRequest
from bot.github.rest.administration import Administration
from bot.github.rest.app import AppItself
from bot.github.rest.changes import Changes
from bot.github.rest.checks import Checks
from bot.github.rest.comments import Comments
from bot.github.rest.commits import Commits
from bot.github.rest.deployments import Deployments
from bot.github.rest.files import Files
from bot.github.rest.issues import Issues
from bot.github.rest.people import People
from bot.github.rest.pull_requests import PullRequests
from bot.github.rest.rulesets import Rulesets
from bot.github.shapes import Comment, Installation, IssueSeen, PullRequest, Repository
from bot.github.wire import Patience, Wire


class GitHub:
    """GitHub, for one App in all its installations, or for one person.

    Reads are asked again a few times where GitHub stumbles. A write is sent once: where its
    answer is lost, `GitHubFailed.status` is `None` and the caller looks whether it was done.
    Every method may raise `GitHubFailed`, its kinds `NotFound` and `AppNeeded`, and `RetryLater`,
    and `ValueError` for a repository that is not named `owner/name`.
    """

    def __init__(
        self,
        api_url: str,
        credentials: AppKey | PersonalToken,
        *,
        clock: Callable[[], datetime],
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._wire = wire = Wire(api_url, credentials, clock, transport, patience or Patience())
        self._people = people = People(wire)
        self._pull_requests = PullRequests(wire)
        self._changes = Changes(wire)
        self._commits = Commits(wire)
        self._files = Files(wire)
        self._checks = Checks(wire, people)
        self._comments = Comments(wire, people)
        self._issues = Issues(wire, people)
        self._deployments = Deployments(wire, people)
        self._app = AppItself(wire)
        self.administration = Administration(wire)
        self.rulesets = Rulesets(wire)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; nothing can be asked afterwards."""
        await self._wire.close()

    async def me(self) -> Me:
        """Answer who we are; GitHub is asked once."""
        return await self._people.me()

    async def role_of(self, repository: str, login: str) -> Role | None:
        """Answer somebody's role in a repository; GitHub is asked each time."""
        return await self._people.role_of(repository, login)

    async def is_in_team(self, team: str, login: str) -> bool:
        """Answer whether somebody is in a team, named `organisation/slug`, just now."""
        return await self._people.is_in_team(team, login)

    async def pull_request(self, repository: str, number: int) -> PullRequest:
        """Answer a pull request as it is now."""
        return await self._pull_requests.get(repository, number)

    async def open_pull_requests(self, repository: str) -> tuple[PullRequest, ...]:
        """Answer the open pull requests, the oldest first."""
        return await self._pull_requests.all_open(repository)

    async def pull_requests_of(self, repository: str, sha: str) -> tuple[PullRequest, ...]:
        """Answer the merged pull requests that brought a commit; none for a direct push."""
        return await self._pull_requests.of_commit(repository, sha)

    async def changed_paths(
        self, repository: str, merge_sha: str, number: int | None = None
    ) -> ChangedPaths:
        """Answer the files that a merge, of the pull request `number`, brought to its branch."""
        return await self._changes.by_merge(repository, merge_sha, number)

    async def proposed_paths(self, repository: str, number: int) -> ChangedPaths:
        """Answer the files that an open pull request would change."""
        return await self._changes.by_pull_request(repository, number)

    async def changed_between(self, repository: str, before: str, after: str) -> ChangedPaths:
        """Answer the files that a push, forced or not, changed on its branch."""
        return await self._changes.between(repository, before, after)

    async def commits_between(
        self, repository: str, before: str, after: str
    ) -> CommitsBetween | None:
        """Answer the commits of `after` that `before` has not; `None` where either is gone."""
        return await self._commits.between(repository, before, after)

    async def contains(self, repository: str, commit: str, earlier: str) -> bool:
        """Answer whether `commit` is `earlier`, or was made on top of it."""
        return await self._changes.contains(repository, commit, earlier)

    async def commit(self, repository: str, short: str) -> str | None:
        """Answer the full name of a commit, of which `short` may be the beginning."""
        return await self._changes.commit(repository, short)

    async def head_of(self, repository: str, branch: str) -> str | None:
        """Answer the commit at the end of a branch; `None` where there is no such branch."""
        return await self._files.head_of(repository, branch)

    async def file_at(self, repository: str, path: str, ref: str) -> str | None:
        """Answer the text of a file, `None` where there is none; may raise `FileNotReadable`."""
        return await self._files.file_at(repository, path, ref)

    async def create_check(self, repository: str, sha: str, check: CheckRun) -> int:
        """Put a check on a commit and answer its id; only an App may."""
        return await self._checks.create(repository, sha, check)

    async def update_check(self, repository: str, check_id: int, check: CheckRun) -> None:
        """Replace what a check of ours says; only an App may."""
        await self._checks.update(repository, check_id, check)

    async def find_check(
        self, repository: str, sha: str, name: str, external_id: str
    ) -> int | None:
        """Answer the id of our own check of that name and external id on a commit."""
        return await self._checks.find(repository, sha, name, external_id)

    async def create_comment(self, repository: str, number: int, body: str) -> int:
        """Write a comment under a pull request and answer its id."""
        return await self._comments.create(repository, number, body)

    async def edit_comment(self, repository: str, comment_id: int, body: str) -> None:
        """Replace the text of a comment."""
        await self._comments.edit(repository, comment_id, body)

    async def find_comment(self, repository: str, number: int, marker: str) -> int | None:
        """Answer the oldest comment of our own that begins with the hidden marker."""
        return await self._comments.find(repository, number, marker)

    async def comment(self, repository: str, comment_id: int) -> Comment | None:
        """Answer a comment as it is now; `None` once it is deleted."""
        return await self._comments.get(repository, comment_id)

    async def react(self, repository: str, comment_id: int, content: str) -> int:
        """React to a comment and answer the reaction's id; a second time does nothing."""
        return await self._comments.react(repository, comment_id, content)

    async def create_issue(self, repository: str, issue: IssueRequest) -> int:
        """Open an issue and answer its number; may raise `IssuesDisabled`."""
        return await self._issues.create(repository, issue)

    async def edit_issue(self, repository: str, number: int, changes: dict[str, JsonValue]) -> None:
        """Change these fields of an issue; labels as a whole."""
        await self._issues.edit(repository, number, changes)

    async def issue(self, repository: str, number: int) -> IssueSeen:
        """Answer an issue as it is now; `NotFound` once it is deleted, or transferred."""
        return await self._issues.get(repository, number)

    async def our_issues(
        self, repository: str, label: str, state: Literal["open", "all"] = "all"
    ) -> Sequence[IssueSeen]:
        """Answer our own issues with a label, the newest first, up to a thousand."""
        return await self._issues.ours(repository, label, state)

    async def create_deployment(self, repository: str, deployment: DeploymentRequest) -> int:
        """Tell of a deployment and answer its id."""
        return await self._deployments.create(repository, deployment)

    async def find_deployment(
        self, repository: str, sha: str, environment: str, key: str
    ) -> int | None:
        """Answer the id of our own deployment of that key."""
        return await self._deployments.find(repository, sha, environment, key)

    async def set_deployment_status(
        self, repository: str, deployment_id: int, status: DeploymentStatus
    ) -> int:
        """Say how far a deployment has come, and answer the status's id."""
        return await self._deployments.set_status(repository, deployment_id, status)

    async def find_deployment_status(
        self, repository: str, deployment_id: int, status: DeploymentStatus
    ) -> int | None:
        """Answer the id of a deployment's newest status, if it says just this."""
        return await self._deployments.find_status(repository, deployment_id, status)

    async def token_to_read(self, repository: str) -> str:
        """Answer a token for git, which an App's can do nothing else with; `NotFound`."""
        return await self._wire.token_to_read(repository)

    async def installations(self) -> tuple[Installation, ...]:
        """Answer where the App is installed; only an App is."""
        return await self._app.installations()

    async def repositories(self, installation_id: int) -> tuple[Repository, ...]:
        """Answer the repositories that an installation of the App reaches."""
        return await self._app.repositories(installation_id)

    def deliveries(self, since: datetime) -> AsyncIterator[DeliveryAttempt]:
        """Yield GitHub's attempts to deliver to the App since a moment, the newest first."""
        return self._app.deliveries(since)

    async def delivery(self, delivery_id: int) -> DeliveryRecord:
        """Answer an attempt to deliver with what was sent; GitHub keeps it for three days."""
        return await self._app.delivery(delivery_id)

    async def redeliver(self, delivery_id: int) -> None:
        """Let GitHub deliver once more what it tried to, under the same GUID."""
        await self._app.redeliver(delivery_id)
