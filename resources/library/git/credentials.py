"""How git signs in where it fetches from, so that no secret is in an address, an argv or a log."""

import asyncio
import os
import shlex
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field


class GitLogin(BaseModel):
    """A user and a password, which may be a token, for one host."""

    model_config = ConfigDict(frozen=True)

    user: str
    password: str = Field(repr=False)


class GitCredentials:
    """Has logins for git; the process gives it to its runs."""

    async def login(self, address: str) -> GitLogin | None:
        """Answer the login for a repository's address; its password is masked from now on.

        `None` leaves it to the helpers and keys of the user that the bot runs as.
        """
        raise NotImplementedError

    def remedy(self, address: str) -> str:
        """Answer what to do where the server does not show the repository to us."""
        del address
        return (
            "Look at the address, and give the user that the bot runs as access to it, by a "
            "credential helper of git's or an SSH key, and retry."
        )


@asynccontextmanager
async def signed_in(login: GitLogin | None, address: str, folder: Path) -> AsyncIterator[list[str]]:
    """Yield the options by which git finds the login; nothing of it remains afterwards.

    The password is in a file of `folder`, which nobody else reads, for git's own helper `store`.
    That gives it to the address's host alone, also where a server leads elsewhere. Other helpers
    are not asked, nor told what served. What a crash left in `folder` goes first.
    https://git-scm.com/docs/git-credential-store
    """
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    if login is None:
        yield []
        return
    try:
        file = await asyncio.to_thread(_written, login, address, folder)
        # Git hands a helper with arguments to a shell.
        helper = f"store --file {shlex.quote(str(file))}"
        yield ["-c", "credential.helper=", "-c", f"credential.helper={helper}"]
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _written(login: GitLogin, address: str, folder: Path) -> Path:
    url = urlsplit(address)
    user, password = quote(login.user, safe=""), quote(login.password, safe="")
    folder.mkdir(mode=0o700, parents=True)
    file = folder.absolute() / "login"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(f"{url.scheme}://{user}:{password}@{url.netloc}\n")
    return file
