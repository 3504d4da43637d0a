"""A service's git repository, where its code is pushed to."""

import asyncio
import shutil
from pathlib import Path

from resources.errors import Refused, ScriptFailed
from resources.library.atomic import write_atomically
from resources.library.git.command import git
from resources.library.names import Slug
from resources.model.resource import Difference, Resource, Severity

KEEPS_HISTORY = "receive.denyNonFastForwards"


class GitRepository(Resource):
    """A bare repository in a folder, whose history cannot be rewritten by a push.

        path = await self.do("git-install", GitRepository(
            name="backend", home=home / "repositories", description="The API"
        ))

    Every stack that asks for the name shares it, so it is made once.
    """

    name: Slug
    home: Path
    description: str = ""
    default_branch: Slug = "main"

    def identity(self) -> str:
        """Answer `git-{name}`."""
        return f"git-{self.name}"

    async def output(self) -> Path:
        """Answer the folder of the bare repository."""
        return self._path

    async def intact(self) -> bool:
        """Answer whether the folder is still there."""
        return await asyncio.to_thread((self._path / "HEAD").is_file)

    async def define_install(self) -> None:
        """Make the repository; one that is there already is kept as it is."""
        await asyncio.to_thread(self._path.mkdir, parents=True, exist_ok=True)
        await git(self._path, "init", "--quiet", "--bare")

    async def define_update(self) -> None:
        """Set its description, its default branch, and that history is kept."""
        await asyncio.to_thread(
            write_atomically, self._path / "description", f"{self.description}\n".encode()
        )
        await git(self._path, "symbolic-ref", "HEAD", self._head)
        await git(self._path, "config", KEEPS_HISTORY, "true")

    async def define_uninstall(self) -> None:
        """Remove the repository, unless that would lose commits."""
        if not await self.intact():
            return
        if await git(self._path, "rev-list", "--all", "--max-count=1"):
            raise Refused(
                f"{self.identity()} holds commits, so it is not removed. If nobody needs them, "
                f"remove the folder {self._path} by hand. Nothing was changed."
            )
        await asyncio.to_thread(shutil.rmtree, self._path)

    async def define_cycle(self) -> list[Difference]:
        """Compare its description, its default branch, and whether history is kept."""
        desired = {"description": self.description, "HEAD": self._head, KEEPS_HISTORY: "true"}
        observed = {
            "description": await asyncio.to_thread(self._observed_description),
            "HEAD": await self._ask("symbolic-ref", "HEAD"),
            KEEPS_HISTORY: await self._ask("config", "--get", KEEPS_HISTORY),
        }
        return [
            Difference(
                path=f"git/{name}",
                desired=value,
                observed=observed[name],
                severity=Severity.CRITICAL if name == KEEPS_HISTORY else Severity.WARNING,
            )
            for name, value in desired.items()
            if observed[name] != value
        ]

    @property
    def _path(self) -> Path:
        return self.home / f"{self.name}.git"

    @property
    def _head(self) -> str:
        return f"refs/heads/{self.default_branch}"

    async def _ask(self, *question: str) -> str | None:
        try:
            return (await git(self._path, *question)).strip()
        except ScriptFailed:
            return None

    def _observed_description(self) -> str | None:
        try:
            return (self._path / "description").read_text().strip()
        except FileNotFoundError:
            return None
