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
        mirror = await self.do(
            "fetch-revision",
            SourceMirror(repository=self.repository, revision=self.revision, cache=self.cache),
        )
        beside = self._tree.with_name(f".{self.revision}.{uuid4().hex}")
        try:
            await _unpack(mirror, self.revision, beside)
            await asyncio.to_thread(_move, beside, self._tree)
        finally:
            await asyncio.to_thread(shutil.rmtree, beside, ignore_errors=True)
        await asyncio.to_thread(clear_away, self._tree.parent, self._tree)

    async def define_uninstall(self) -> None:
        """Remove the folder; the mirror stays."""
        await asyncio.to_thread(shutil.rmtree, self._tree, ignore_errors=True)

    @property
    def _tree(self) -> Path:
        return self.cache / "trees" / _folder(self.repository) / self.revision


class SourceMirror(Resource):
    """A bare copy of a repository on this machine, that has a given commit.

    Two commits of one repository are fetched one after the other: they are one identity.
    """

    repository: Address
    revision: Revision
    cache: Path

    def identity(self) -> str:
        """Answer `mirror-{repository}`."""
        return f"mirror-{self.repository}"

    async def output(self) -> Path:
        """Answer the folder of the bare repository."""
        return self._mirror

    async def intact(self) -> bool:
        """Answer whether this machine's mirror has the commit."""
        return await self._has_revision()

    async def define_update(self) -> None:
        """Fetch the commit, unless it is there.

        Raises `RevisionNotFound` where the repository has no such commit, and `SourceRefused`
        where its server does not show it to us.
        """
        if await self._has_revision():
            return
        await asyncio.to_thread(self._mirror.mkdir, parents=True, exist_ok=True)
        await git(self._mirror, "init", "--quiet", "--bare", "--template=")
        kept = f"+{self.revision}:refs/orbits/{self.revision}"
        credentials = self._credentials()
        login = await credentials.login(self.repository) if credentials else None
        async with signed_in(login, self.repository, self._mirror.with_suffix(".login")) as options:
            with suppress(ScriptFailed):  # a server may hand out no more than its branches
                await self._fetch(options, kept)
            if await self._has_revision():
                return
            await self._fetch(options, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        if not await self._has_revision():
            raise RevisionNotFound(
                f"{self.repository} has no commit {self.revision}. Push it, or name another.",
                repository=self.repository,
                revision=self.revision,
            )

    async def _fetch(self, options: Sequence[str], *what: str) -> None:
        fetch = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc")
        try:
            await git(
                self._mirror,
                *(*options, *fetch, "--", self.repository, *what),
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
        if not await asyncio.to_thread((self._mirror / "HEAD").is_file):
            return False
        try:
            await git(self._mirror, "cat-file", "-e", f"{self.revision}^{{commit}}")
        except ScriptFailed:
            return False
        return True

    @property
    def _mirror(self) -> Path:
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
