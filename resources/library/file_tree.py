"""A service's infrastructure as files: templates of its repository, filled in for a tenant."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from pydantic import JsonValue

from resources.errors import Refused
from resources.library.atomic import write_atomically
from resources.library.environment import Environment
from resources.library.names import Slug
from resources.library.rendering import File, Files, read_files, rendered
from resources.model.resource import Difference, Plan, Resource

MANIFEST = ".owned.json"
DATABASE = "database.sqlite3"


class FileTree(Resource):
    """A folder that holds what the templates say, and whatever others put there.

        outputs = await self.do("iac-deploy", FileTree(
            name="backend-acme", templates=source.path / "deploy", target=account.path / "backend",
            variables={"tenant": "acme", "workers": 4},
        ))

    Only files that it wrote are ever changed or removed; which these are stands in a manifest
    in the folder. A file is replaced as a whole, and only where it differs.
    """

    name: Slug
    templates: Path
    target: Path
    variables: Mapping[str, JsonValue] = {}

    def identity(self) -> str:
        """Answer `files-{name}`."""
        return f"files-{self.name}"

    async def output(self) -> Environment:
        """Answer the folder as a place where scripts run and a database lives."""
        return Environment(directory=self.target, database=self.target / DATABASE)

    async def intact(self) -> bool:
        """Answer whether the folder and its manifest are still there."""
        return await asyncio.to_thread((self.target / MANIFEST).is_file)

    async def define_update(self) -> None:
        """Write what differs, and remove what is owned and no longer desired."""
        changed = await asyncio.to_thread(self._bring_about)
        for difference in changed:
            self.log(f"{_act(difference)} {difference.path.removeprefix('files/')}\n")

    async def define_plan(self) -> Plan:
        """Answer which files would be written and removed."""
        return Plan(changes=tuple(await asyncio.to_thread(self._differences)))

    async def define_cycle(self) -> list[Difference]:
        """Answer which owned files were changed, removed or left over."""
        return await asyncio.to_thread(self._differences)

    async def define_uninstall(self) -> None:
        """Remove the owned files; a database or anything else in the folder stays."""
        await asyncio.to_thread(self._remove_all)

    def _desired(self) -> Files:
        if not self.templates.is_dir():
            raise Refused(
                f"{self.identity()} has no templates: there is no folder {self.templates}. "
                "Nothing was changed."
            )
        templates = read_files(self.templates)
        for taken in {MANIFEST, DATABASE} & set(templates):
            raise Refused(
                f"{self.identity()} cannot have a template {taken}: the name is taken. Give it "
                "another. Nothing was changed."
            )
        return rendered(templates, self.variables)

    def _differences(self) -> list[Difference]:
        desired = self._desired()
        paths = sorted({*desired, *self._owned()})
        pairs = [(path, desired.get(path), self._observed(path)) for path in paths]
        return [_difference(*pair) for pair in pairs if pair[1] != pair[2]]

    def _bring_about(self) -> list[Difference]:
        desired, owned = self._desired(), self._owned()
        self._own(owned | set(desired))  # first: what is written below is never forgotten
        differences = self._differences()
        self._remove(owned - set(desired))  # a folder may become a file
        for path, file in desired.items():
            if self._observed(path) != file:
                write_atomically(self.target / path, file.content, mode=file.mode)
        self._own(desired)
        return differences

    def _remove_all(self) -> None:
        self._remove(self._owned())
        (self.target / MANIFEST).unlink(missing_ok=True)
        if self.target.is_dir() and not any(self.target.iterdir()):
            self.target.rmdir()

    def _remove(self, paths: Iterable[str]) -> None:
        for path in paths:
            (self.target / path).unlink(missing_ok=True)
            for folder in PurePosixPath(path).parents[:-1]:
                if (self.target / folder).is_dir() and not any((self.target / folder).iterdir()):
                    (self.target / folder).rmdir()

    def _observed(self, path: str) -> File | None:
        file = self.target / path
        if not file.is_file():
            return None
        return File(file.read_bytes(), bool(file.stat().st_mode & 0o100))

    def _owned(self) -> set[str]:
        try:
            return set(json.loads((self.target / MANIFEST).read_text()))
        except FileNotFoundError:
            return set()

    def _own(self, paths: Iterable[str]) -> None:
        if self._owned() == set(paths) and (self.target / MANIFEST).is_file():
            return
        content = json.dumps(sorted(paths), indent=2)
        write_atomically(self.target / MANIFEST, f"{content}\n".encode())


def _difference(path: str, desired: File | None, observed: File | None) -> Difference:
    """Answer a difference between files; the same content means that the permissions differ."""
    sides = [file and file.shown() for file in (desired, observed)]
    if desired and observed and desired.content == observed.content:
        sides = [f"permissions {file.mode:o}" for file in (desired, observed)]
    return Difference(path=f"files/{path}", desired=sides[0], observed=sides[1])


def _act(difference: Difference) -> str:
    if difference.desired is None:
        return "removed"
    return "wrote" if difference.observed is None else "changed"
