"""The files of a service as they are at one commit."""

import asyncio
import hashlib
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated
from uuid import uuid4

from pydantic import AfterValidator, BaseModel, ConfigDict

from resources.errors import NotGiven, OrbitsError, ScriptFailed
from resources.library.git.command import git
from resources.library.git.credentials import GitCredentials, signed_in
from resources.library.git.mirrors import KEPT, in_use, tidy
from resources.library.git.trees import clear_away, take
from resources.library.names import Revision
from resources.model.resource import Resource


class RevisionNotFound(OrbitsError):
    """A commit was asked for that its repository does not have."""


class SourceRefused(OrbitsError):
    """A server does not show a repository to us, or does not know whom it is asked by."""


REFUSALS = re.compile(
    r"Authentication failed for|could not read (Username|Password)"
    r"|^fatal: repository '.*' not found|requested URL returned error: 40[13]"
    r"|Permission denied \(|Host key verification failed",
    re.MULTILINE,
)
"""What git, and `ssh` below it, print where a server lets nobody in with this login, or without."""

ALL_REFS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
"""Fetched with `--prune`, as `feature` that is gone would be in the way of `feature/more`."""

UNTRANSLATED = {"LC_ALL": "C.UTF-8", "LANGUAGE": ""}
"""Has git print it in these words, whatever the language of the machine."""


def _address(address: str) -> str:
    """Refuse what git would take for an option or a command, and what holds a secret."""
    if not address or address.startswith("-") or "::" in address or "\n" in address:
        raise ValueError(f"{address!r} is no address of a repository that git may fetch from")
    if re.match(r"https?://[^/]*@", address):
        raise ValueError("an address holds no credentials: it is stored; use a credential helper")
    return address


Address = Annotated[str, AfterValidator(_address)]
"""A URL, or a path, of a git repository."""


class SourceTree(BaseModel):
    """A folder with the files of one commit; nobody writes into it."""

    model_config = ConfigDict(frozen=True)

    path: Path
    revision: Revision


class Checkout(Resource):
    """A repository's files at a commit, in a folder that all tenants share.

        source = await self.do("fetch-source", Checkout(
            repository="https://github.com/agency/backend", revision=sha, cache=home / "cache"
        ))
        templates = source.path / "deploy"

    The folder is there whole or not at all. Symbolic links in it are plain files that hold
    their target, so that the files of a stranger's pull request lead nowhere else. Folders that
    no run has asked for in the last 14 days are removed, but for the last 10 of a repository.

    Where the process has logins for git, as the bot has for its own GitHub, it fetches with
    them; otherwise by the credential helpers and keys of the user that it runs as.
    """

    repository: Address
    revision: Revision
    cache: Path

    def identity(self) -> str:
        """Answer `source-{repository}@{sha}`."""
        return f"source-{self.repository}@{self.revision}"

    async def output(self) -> SourceTree:
        """Answer the folder."""
        return SourceTree(path=self._tree, revision=self.revision)

    async def intact(self) -> bool:
        """Answer whether this machine still has the folder."""
        return await asyncio.to_thread(take, self._tree)

    async def define_update(self) -> None:
        """Have the commit in the mirror, then unpack it beside its place and move it there."""
        # A step, for the tree may come between a crash and what is done again after it. What was
        # there then may have been another machine's.
        if await self.do("look-for-tree", self.intact) and await self.intact():
            return
        trees = self._tree.parent
        mirror = SourceMirror(repository=self.repository, revision=self.revision, cache=self.cache)
        async with in_use(mirror.path):
            await self._unpack(await self.do("fetch-revision", mirror))
        await asyncio.to_thread(clear_away, trees, self._tree)
        await tidy(mirror.path, trees, self._tree, self.log)

    async def define_uninstall(self) -> None:
        """Remove the folder; the mirror stays."""
        await asyncio.to_thread(shutil.rmtree, self._tree, ignore_errors=True)

    async def _unpack(self, mirror: Path) -> None:
        beside = self._tree.with_name(f".{self.revision}.{uuid4().hex}")
        try:
            await _unpack(mirror, self.revision, beside)
            await asyncio.to_thread(_move, beside, self._tree)
        finally:
            await asyncio.to_thread(shutil.rmtree, beside, ignore_errors=True)

    @property
    def _tree(self) -> Path:
        return self.cache / "trees" / _folder(self.repository) / self.revision


class SourceMirror(Resource):
    """A bare copy of a repository on this machine, that has a given commit.

    Two commits of one repository are fetched one after the other: they are one identity. Once
    a day, those whose trees are gone are forgotten; they are fetched again if they are asked for.
    """

    repository: Address
    revision: Revision
    cache: Path

    def identity(self) -> str:
        """Answer `mirror-{repository}`."""
        return f"mirror-{self.repository}"

    async def output(self) -> Path:
        """Answer the folder of the bare repository."""
        return self.path

    async def intact(self) -> bool:
        """Answer whether this machine's mirror has the commit."""
        return await self._has_revision()

    async def define_update(self) -> None:
        """Fetch the commit, unless it is there.

        Raises `RevisionNotFound` where the repository has no such commit, and `SourceRefused`
        where its server does not show it to us.
        """
        async with in_use(self.path):
            if await self._has_revision():
                return
            await self._begin()
            await self._fetch_revision()

    async def _begin(self) -> None:
        """Have a repository that is whole, whoever else begins one at the same time."""
        if await self._is_there():
            return
        beside = self.path.with_name(f".{self.path.name}.{uuid4().hex}")
        try:
            await git(beside, "init", "--quiet", "--bare", "--template=")
            await asyncio.to_thread(_move, beside, self.path)
        finally:
            await asyncio.to_thread(shutil.rmtree, beside, ignore_errors=True)

    async def _fetch_revision(self) -> None:
        kept = f"{KEPT}{self.revision}"
        credentials = self._credentials()
        login = await credentials.login(self.repository) if credentials else None
        async with signed_in(login, self.repository, self.path.with_suffix(".login")) as options:
            with suppress(ScriptFailed):  # a server may hand out no more than its branches
                await self._fetch(options, "--", self.repository, f"+{self.revision}:{kept}")
            if await self._has_revision():
                return
            await self._fetch(options, "--prune", "--", self.repository, *ALL_REFS)
        if not await self._has_revision():
            raise RevisionNotFound(
                f"{self.repository} has no commit {self.revision}. Push it, or name another.",
                repository=self.repository,
                revision=self.revision,
            )
        await git(self.path, "update-ref", kept, self.revision)

    async def _fetch(self, options: Sequence[str], *what: str) -> None:
        fetch = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc")
        try:
            await git(
                self.path,
                *(*options, *fetch, *what),
                environment=UNTRANSLATED,
                on_output=self.log,
            )
        except ScriptFailed as failed:
            if REFUSALS.search(failed.tail):
                raise self._refused(failed) from failed
            raise

    def _refused(self, failed: ScriptFailed) -> SourceRefused:
        known = self._credentials() or GitCredentials()
        return SourceRefused(
            f"{self.repository} cannot be fetched: its server does not show it to the bot, or "
            f"does not take its login. {known.remedy(self.repository)}",
            tail=failed.tail,
        )

    def _credentials(self) -> GitCredentials | None:
        try:
            return self.given(GitCredentials)
        except NotGiven:
            return None

    async def _has_revision(self) -> bool:
        if not await self._is_there():
            return False
        whole = ("--objects", "--no-walk", "--quiet", f"{self.revision}^{{commit}}")
        try:  # a prune that was cut off may have left a part of it
            await git(self.path, "rev-list", *whole)
        except ScriptFailed:
            return False
        return True

    async def _is_there(self) -> bool:
        return await asyncio.to_thread((self.path / "HEAD").is_file)

    @property
    def path(self) -> Path:
        """Where the bare repository is, or will be."""
        return self.cache / "mirrors" / f"{_folder(self.repository)}.git"


def _folder(repository: str) -> str:
    """Answer a folder's name for an address: readable, and one of its own."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", repository).strip("-").lower()[-40:].strip("-")
    return f"{readable}-{hashlib.sha256(repository.encode()).hexdigest()[:12]}"


async def _unpack(mirror: Path, revision: str, folder: Path) -> None:
    """Write the files of a commit into a folder that does not exist yet."""
    await asyncio.to_thread(folder.mkdir, parents=True)
    index = {"GIT_INDEX_FILE": str(folder / ".git-index"), "GIT_WORK_TREE": str(folder)}
    await git(mirror, "read-tree", revision, environment=index)
    await git(mirror, "checkout-index", "--all", "--force", "--quiet", environment=index)
    await asyncio.to_thread((folder / ".git-index").unlink)


def _move(folder: Path, place: Path) -> None:
    """Move a finished folder to its place; whoever was first there did the same work."""
    try:
        folder.rename(place)
    except OSError:
        if not place.is_dir():
            raise
