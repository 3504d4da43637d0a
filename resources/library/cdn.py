"""A cache in front of a frontend; in this release, a folder that plays the CDN."""

import asyncio
import hashlib
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from resources.library.atomic import write_atomically
from resources.model.action import Action

RECORDS = ".invalidations"


class Invalidation(BaseModel):
    """One clearing of a cache: who asked by which reference, and which objects it removed."""

    model_config = ConfigDict(frozen=True)

    reference: str
    paths: tuple[str, ...]
    removed: tuple[str, ...]


class CdnCache(BaseModel):
    """Objects that are served in the place of a frontend's own files, until they are cleared."""

    model_config = ConfigDict(frozen=True)

    directory: Path

    def put(self, path: str, content: bytes) -> None:
        """Keep an object, as the CDN does when somebody asks for it."""
        write_atomically(self.directory / path.lstrip("/"), content)

    def objects(self) -> list[str]:
        """Answer the paths of all objects, such as `/index.html`."""
        found = (path.relative_to(self.directory) for path in self.directory.rglob("*"))
        return sorted(
            f"/{path.as_posix()}"
            for path in found
            if path.parts[0] != RECORDS and (self.directory / path).is_file()
        )

    def invalidation(self, reference: str) -> Invalidation | None:
        """Answer what was cleared by that reference, or `None`."""
        try:
            return Invalidation.model_validate_json(self._record(reference).read_bytes())
        except FileNotFoundError:
            return None

    def invalidate(self, paths: tuple[str, ...], reference: str) -> Invalidation:
        """Remove the objects that match, unless that reference was dealt with already."""
        earlier = self.invalidation(reference)
        if earlier is not None:
            return earlier
        matching = [path for path in self.objects() if any(fnmatchcase(path, p) for p in paths)]
        for path in matching:
            (self.directory / path.lstrip("/")).unlink(missing_ok=True)
        made = Invalidation(reference=reference, paths=paths, removed=tuple(matching))
        write_atomically(self._record(reference), made.model_dump_json().encode())
        return made

    def _record(self, reference: str) -> Path:
        name = hashlib.sha256(reference.encode()).hexdigest()
        return self.directory / RECORDS / f"{name}.json"


class ClearCdnCache(Action):
    """Remove what matches from a cache, so that the new files are seen.

        await self.do("clear-cache", ClearCdnCache(cache=cache, paths=("/*",), reference=made_up))

    As with real CDNs, a reference is good for one invalidation: the second asking answers
    the first one's record and removes nothing. Make up a new one for each deployment, not
    for each revision, or going back to an earlier revision clears nothing.
    """

    cache: CdnCache
    paths: tuple[str, ...] = ("/*",)
    reference: str

    async def run(self) -> Invalidation:
        """Clear, and answer what was removed."""
        return await asyncio.to_thread(self.cache.invalidate, self.paths, self.reference)
