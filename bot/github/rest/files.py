"""Files and branches as they are in a repository."""

import base64
import binascii

from pydantic import RootModel

from bot.github.failures import FileNotReadable, GitHubFailed, NotFound
from bot.github.rest.paths import path_of
from bot.github.shapes import Narrow, Sha
from bot.github.wire import Wire

LARGEST_FILE = 64 * 1024
"""So many bytes of a file are read; GitHub itself would answer a megabyte."""

_KINDS = {"dir": "a directory", "symlink": "a symbolic link", "submodule": "a submodule"}


class _Content(Narrow):
    type: str
    size: int
    encoding: str | None = None
    content: str | None = None


class _Entry(Narrow):
    name: str


class _ContentOrListing(RootModel[_Content | list[_Entry]]):
    pass


class _Target(Narrow):
    sha: Sha


class _Reference(Narrow):
    object: _Target


class Files:
    """Files and branches of a repository."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def file_at(self, repository: str, path: str, ref: str) -> str | None:
        """Answer the text of a file at a commit or branch; `None` where there is none.

        Raises `FileNotReadable` for what is no text of at most 64 KB. A link that leads to a file
        of the repository is read as that file: GitHub follows it.
        https://docs.github.com/en/rest/repos/contents#get-repository-content
        """
        where = path_of(repository, "contents", *path.split("/"))
        try:
            found = (
                await self._wire.ask(_ContentOrListing, "GET", where, params={"ref": ref})
            ).root
        except NotFound:
            return None
        try:
            return _text_of(found)
        except ValueError as error:
            raise FileNotReadable(repository, path, ref, str(error)) from None

    async def head_of(self, repository: str, branch: str) -> str | None:
        """Answer the commit at the end of a branch; `None` where there is no such branch."""
        path = path_of(repository, "git", "ref", "heads", *branch.split("/"))
        try:
            return (await self._wire.ask(_Reference, "GET", path)).object.sha
        except NotFound:
            return None
        except GitHubFailed as failed:
            # So GitHub answers for a repository that has no commit yet.
            if failed.status == 409:
                return None
            raise


def _text_of(found: _Content | list[_Entry]) -> str:
    """Answer the text; raises `ValueError` with the reason why there is none to read."""
    kind = found.type if isinstance(found, _Content) else "dir"
    if not isinstance(found, _Content) or kind != "file":
        raise ValueError(f"it is {_KINDS.get(kind, 'no file')}")
    if found.size > LARGEST_FILE or found.encoding != "base64":
        raise ValueError(f"it has {found.size:,} bytes, and at most {LARGEST_FILE:,} are read")
    try:
        return base64.b64decode(found.content or "").decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError("it is not text in UTF-8") from None
