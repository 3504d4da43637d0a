"""Modules made ready once for all tenants: their files, and what `init` fetched for them."""

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from resources.errors import Refused
from resources.library.git.trees import clear_away, take

OVERRIDE = "orbits_override.tf.json"
"""Files of such a name win over what the module says itself.

https://developer.hashicorp.com/terraform/language/files/override
"""

_STATE_IS_SERVED = json.dumps({"terraform": {"backend": {"http": {}}}}, indent=2)
_MAKE_A_MODULE = ("*.tf", "*.tf.json")
_LEFT_OUT = shutil.ignore_patterns(".git", ".terraform", "*.tfstate", "*.tfstate.*")
_READY = "ready"
_POLL = timedelta(milliseconds=50)

Init = Callable[[Path, Path], Awaitable[None]]
"""Runs `init` in a folder with the module's files, with a second one as its data directory."""


@dataclass(frozen=True)
class Module:
    """A module's files in the folder `tree`; the module itself is in the folder `directory`."""

    directory: Path
    tree: Path

    @property
    def within(self) -> Path:
        """Where in the tree the module is; raises `Refused` where there is none."""
        if not any(any(self.directory.glob(each)) for each in _MAKE_A_MODULE):
            raise Refused(
                f"There is no Terraform module in {self.directory}: it has no `*.tf` files. Name "
                "the folder that has them. Nothing was changed."
            )
        if not self.directory.is_relative_to(self.tree):
            raise Refused(f"{self.directory} is not in {self.tree}. Nothing was changed.")
        return self.directory.relative_to(self.tree)

    def fingerprint(self, binary: str) -> str:
        """Answer what tells apart modules that need an `init` of their own."""
        digest = hashlib.sha256(f"{binary}\0{self.within}".encode())
        for path in _files(self.tree):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"\0{path.relative_to(self.tree)}\0{content}".encode())
        return digest.hexdigest()[:24]


@dataclass(frozen=True)
class ReadyModule:
    """A module after its `init`; `data` is shared by all who use it, and only read."""

    tree: Path
    within: Path
    data: Path

    @property
    def name(self) -> str:
        """What tells it apart from modules that need an `init` of their own."""
        return self.folder.name

    @property
    def folder(self) -> Path:
        """All that is kept of it."""
        return self.tree.parent

    @property
    def mark(self) -> Path:
        """The file that is there once `init` has gone well."""
        return self.folder / _READY

    def taken(self) -> bool:
        """Answer whether `init` has gone well; from now on it counts as used just now."""
        return take(self.folder) and self.mark.exists()

    def copied_to(self, folder: Path) -> Path:
        """Copy the files to a folder of one run, and answer where the module is there."""
        shutil.copytree(self.tree, folder, dirs_exist_ok=True)
        return folder / self.within


async def made_ready(module: Module, binary: str, home: Path, init: Init) -> ReadyModule:
    """Answer the module after one `init`, whoever asks for it first, in whichever process.

    It stays for as long as any run goes on with it; what nobody has used for long goes.
    """
    ready, is_ready = await asyncio.to_thread(_found, module, binary, home)
    if is_ready:
        return ready
    async with _alone(home / f".{ready.name[:2]}.lock"):
        if not await asyncio.to_thread(ready.taken):
            try:
                await asyncio.to_thread(_lay_out, module, ready)
                await init(ready.tree / ready.within, ready.data)
                ready.mark.touch()
            except BaseException:
                await asyncio.to_thread(shutil.rmtree, ready.folder, ignore_errors=True)
                raise
    await asyncio.to_thread(clear_away, home, ready.folder)
    return ready


def _found(module: Module, binary: str, home: Path) -> tuple[ReadyModule, bool]:
    """Answer where the module is made ready, and whether it has been."""
    folder = home / module.fingerprint(binary)
    ready = ReadyModule(folder / "tree", module.within, folder / "data")
    return ready, ready.taken()


def _lay_out(module: Module, ready: ReadyModule) -> None:
    """Begin anew, also after somebody who was cut off."""
    shutil.rmtree(ready.folder, ignore_errors=True)
    shutil.copytree(module.tree, ready.tree, ignore=_LEFT_OUT)
    ready.data.mkdir()
    (ready.tree / ready.within / OVERRIDE).write_text(_STATE_IS_SERVED)


@asynccontextmanager
async def _alone(path: Path) -> AsyncIterator[None]:
    """Wait until nobody else on this machine is here; a lock ends with the process that has it.

    Its file stays, as to remove it would let two in at once; modules share so few of them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(_POLL.total_seconds())
        yield


def _files(tree: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(tree):
        left_out = _LEFT_OUT(folder, [*folders, *files])
        folders[:] = sorted(set(folders) - left_out)
        yield from (Path(folder, name) for name in sorted(set(files) - left_out))
