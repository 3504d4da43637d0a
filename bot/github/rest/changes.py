"""Which files changed, and which commits hold others."""

from collections.abc import Iterable
from typing import Literal

from bot.github.answers import ChangedPaths
from bot.github.failures import GitHubFailed, NotFound
from bot.github.rest.paging import pages
from bot.github.rest.paths import path_of
from bot.github.shapes import Narrow, Sha
from bot.github.wire import Wire

MOST_FILES = 300
"""So many files a comparison lists; what lies beyond is left out without a word.

https://docs.github.com/en/rest/commits/commits#compare-two-commits
"""

MOST_PULL_REQUEST_FILES = 3000
"""So many files the list of a pull request's own files holds.

https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files
"""

_NOTHING_KNOWN = ChangedPaths((), complete=False)


class _File(Narrow):
    filename: str
    previous_filename: str | None = None


class _Parent(Narrow):
    sha: str


class _Commit(Narrow):
    sha: Sha
    parents: tuple[_Parent, ...]
    files: tuple[_File, ...] = ()


class _Comparison(Narrow):
    status: Literal["ahead", "behind", "diverged", "identical"] = "diverged"
    files: tuple[_File, ...] = ()


class Changes:
    """The files that changes touch, and the order of commits."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def commit(self, repository: str, short: str) -> str | None:
        """Answer the full name of the commit that a name, or the beginning of one, means.

        https://docs.github.com/en/rest/commits/commits#get-a-commit
        """
        path = path_of(repository, "commits", short)
        try:
            return (await self._wire.ask(_Commit, "GET", path, params={"per_page": 1})).sha
        except NotFound:
            return None
        except GitHubFailed as failed:
            if failed.status == 422:
                return None
            raise

    async def by_merge(self, repository: str, merge_sha: str, number: int | None) -> ChangedPaths:
        """Answer the files that a merge brought to its branch.

        They are those of the merge commit against its first parent. A rebase puts several
        commits there, of which GitHub names the last alone, and it cannot be told from a
        squash: given the pull request's `number`, the files of the pull request are added,
        unless the commit is a merge of two.
        """
        path = path_of(repository, "commits", merge_sha)
        commit = await self._wire.ask(_Commit, "GET", path, params={"per_page": 1})
        if not commit.parents:
            files = (await self._wire.ask(_Commit, "GET", path)).files
        else:
            files = (await self._compared(repository, commit.parents[0].sha, merge_sha)).files
        found = ChangedPaths(_names(files), len(files) < MOST_FILES)
        if found.complete and number is not None and len(commit.parents) == 1:
            return _together(found, await self.by_pull_request(repository, number))
        return found

    async def by_pull_request(self, repository: str, number: int) -> ChangedPaths:
        """Answer the files of a pull request's own list, whether it is open or merged."""
        path = path_of(repository, "pulls", number, "files")
        files: list[_File] = []
        async for page in pages(self._wire, tuple[_File, ...], path):
            files += page
        return ChangedPaths(_names(files), len(files) < MOST_PULL_REQUEST_FILES)

    async def between(self, repository: str, before: str, after: str) -> ChangedPaths:
        """Answer the files that differ after a push moved a branch from one commit to another.

        GitHub compares `after` with the last commit that both have in common. Where a forced push
        threw commits away, what those had changed is changed back: the other way is asked too.
        Nothing is known of a new branch (`before` is all zeros), nor where a commit is gone.
        """
        if not before.strip("0"):
            return _NOTHING_KNOWN
        try:
            there = await self._compared(repository, before, after)
            found = _paths_of(there)
            if there.status in {"behind", "diverged"}:
                return _together(found, _paths_of(await self._compared(repository, after, before)))
        except NotFound:
            return _NOTHING_KNOWN
        return found

    async def contains(self, repository: str, commit: str, earlier: str) -> bool:
        """Answer whether `commit` is `earlier`, or was made on top of it.

        It is not where either commit is gone, as after a forced push.
        """
        try:
            found = await self._compared(repository, commit, earlier)
        except NotFound:
            return False
        return found.status in {"behind", "identical"}

    async def _compared(self, repository: str, before: str, after: str) -> _Comparison:
        path = path_of(repository, "compare", f"{before}...{after}")
        return await self._wire.ask(_Comparison, "GET", path, params={"per_page": 1})


def _paths_of(compared: _Comparison) -> ChangedPaths:
    return ChangedPaths(_names(compared.files), len(compared.files) < MOST_FILES)


def _together(one: ChangedPaths, other: ChangedPaths) -> ChangedPaths:
    paths = tuple(dict.fromkeys((*one.paths, *other.paths)))
    return ChangedPaths(paths, one.complete and other.complete)


def _names(files: Iterable[_File]) -> tuple[str, ...]:
    both = (name for file in files for name in (file.filename, file.previous_filename))
    return tuple(dict.fromkeys(name for name in both if name is not None))
