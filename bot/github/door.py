"""The one class through which the bot asks anything of GitHub, or changes anything there."""

import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx

from bot.github.answers import (
    AppFound,
    ChangedFile,
    ChangedPaths,
    CheckFound,
    CheckRun,
    ChecksFound,
    CommentFound,
    CommitFound,
    Comparison,
    Created,
    Me,
)
from bot.github.auth import AppIdentity, AppKey, PersonalToken
from bot.github.events import Account, PullRequest
from bot.github.failures import NotFound
from bot.github.wire import Patience, Wire

MOST_FILES = 300
"""So many files a comparison lists; what lies beyond is left out without a word."""

MOST_PULL_REQUEST_FILES = 3000
"""So many files the list of a pull request's own files holds."""

_PAGE = 100
_MOST_PAGES = 100
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


class GitHub:
    """GitHub, for one App or one person.

    Reads are asked again a few times where GitHub stumbles. A write is sent once: where its
    answer is lost, `GitHubFailed.status` is `None` and the caller looks whether it was done.
    Every method may raise `GitHubFailed`, its kind `NotFound`, and `RetryLater`.
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
        self._wire = Wire(api_url, credentials, clock, transport, patience or Patience())
        self._me: Me | None = None

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
        if self._me is None:
            if isinstance(self._wire.identity, AppIdentity):
                app = await self._wire.ask(AppFound, "GET", "/app")
                self._me = Me(login=f"{app.slug}[bot]", app_id=app.id)
            else:
                user = await self._wire.ask(Account, "GET", "/user")
                self._me = Me(login=user.login, app_id=None)
        return self._me

    async def pull_request(self, repository: str, number: int) -> PullRequest:
        """Answer a pull request as it is now."""
        return await self._wire.ask(PullRequest, "GET", _path(repository, "pulls", number))

    async def changed_paths(
        self, repository: str, merge_sha: str, number: int | None = None
    ) -> ChangedPaths:
        """Answer the files that a merge brought to its branch.

        They are those of the merge commit against its first parent. A rebase puts several
        commits there, of which GitHub names the last alone, and it cannot be told from a
        squash: given the pull request's `number`, the files of the pull request are added,
        unless the commit is a merge of two.
        """
        path = _path(repository, "commits", merge_sha)
        commit = await self._wire.ask(CommitFound, "GET", path, params={"per_page": 1})
        if not commit.parents:
            files = (await self._wire.ask(CommitFound, "GET", path)).files
        else:
            span = f"{commit.parents[0].sha}...{merge_sha}"
            path = _path(repository, "compare", span)
            files = (await self._wire.ask(Comparison, "GET", path, params={"per_page": 1})).files
        complete = len(files) < MOST_FILES
        if complete and number is not None and len(commit.parents) == 1:
            own = await self._files_of(repository, number)
            files, complete = (*files, *own), len(own) < MOST_PULL_REQUEST_FILES
        return ChangedPaths(_names(files), complete)

    async def contains(self, repository: str, commit: str, earlier: str) -> bool:
        """Answer whether `commit` is `earlier`, or was made on top of it.

        It is not where either commit is gone, as after a forced push.
        """
        path = _path(repository, "compare", f"{commit}...{earlier}")
        try:
            found = await self._wire.ask(Comparison, "GET", path, params={"per_page": 1})
        except NotFound:
            return False
        return found.status in {"behind", "identical"}

    async def create_check(self, repository: str, sha: str, check: CheckRun) -> int:
        """Put a check on a commit and answer its id; only an App may."""
        body = {"head_sha": sha, **check.body()}
        created = await self._wire.ask(Created, "POST", _path(repository, "check-runs"), body=body)
        return created.id

    async def update_check(self, repository: str, check_id: int, check: CheckRun) -> None:
        """Replace what a check of ours says."""
        path = _path(repository, "check-runs", check_id)
        await self._wire.ask(Created, "PATCH", path, body=check.body())

    async def find_check(
        self, repository: str, sha: str, name: str, external_id: str
    ) -> int | None:
        """Answer the id of our own check of that name and external id on a commit."""
        app_id = (await self.me()).app_id
        async for check in self._checks(repository, sha, name):
            ours = app_id is None or (check.app is not None and check.app.id == app_id)
            if ours and check.name == name and check.external_id == external_id:
                return check.id
        return None

    async def create_comment(self, repository: str, number: int, body: str) -> int:
        """Write a comment under a pull request and answer its id."""
        path = _path(repository, "issues", number, "comments")
        return (await self._wire.ask(Created, "POST", path, body={"body": body})).id

    async def edit_comment(self, repository: str, comment_id: int, body: str) -> None:
        """Replace the text of a comment."""
        path = _path(repository, "issues", "comments", comment_id)
        await self._wire.ask(Created, "PATCH", path, body={"body": body})

    async def find_comment(self, repository: str, number: int, marker: str) -> int | None:
        """Answer the oldest comment of our own that begins with the hidden marker."""
        login = (await self.me()).login
        path = _path(repository, "issues", number, "comments")
        for page in range(1, _MOST_PAGES + 1):
            found = await self._wire.ask(tuple[CommentFound, ...], "GET", path, params=_paged(page))
            for comment in found:
                ours = comment.user is not None and comment.user.login == login
                if ours and (comment.body or "").lstrip().startswith(marker):
                    return comment.id
            if len(found) < _PAGE:
                break
        return None

    async def _checks(self, repository: str, sha: str, name: str) -> AsyncIterator[CheckFound]:
        path = _path(repository, "commits", sha, "check-runs")
        for page in range(1, _MOST_PAGES + 1):
            params = {"check_name": name, "filter": "all", **_paged(page)}
            found = (await self._wire.ask(ChecksFound, "GET", path, params=params)).check_runs
            for check in found:
                yield check
            if len(found) < _PAGE:
                return

    async def _files_of(self, repository: str, number: int) -> list[ChangedFile]:
        path = _path(repository, "pulls", number, "files")
        files: list[ChangedFile] = []
        for page in range(1, MOST_PULL_REQUEST_FILES // _PAGE + 1):
            found = await self._wire.ask(tuple[ChangedFile, ...], "GET", path, params=_paged(page))
            files += found
            if len(found) < _PAGE:
                break
        return files


def _path(repository: str, *parts: str | int) -> str:
    if not _REPOSITORY.fullmatch(repository):
        raise ValueError("a repository is named `owner/name`")
    return "/".join(["/repos", repository, *(quote(str(part), safe="") for part in parts)])


def _paged(page: int) -> dict[str, str | int]:
    return {"per_page": _PAGE, "page": page}


def _names(files: tuple[ChangedFile, ...]) -> tuple[str, ...]:
    both = (name for file in files for name in (file.filename, file.previous_filename))
    return tuple(dict.fromkeys(name for name in both if name is not None))
