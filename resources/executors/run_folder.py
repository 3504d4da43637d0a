"""The folder of one script on this machine: its files put there, its outputs read from there."""

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from resources.executors.files_back import files_back
from resources.executors.script import FILES_LIMIT, Script, ScriptResult


@asynccontextmanager
async def run_folder() -> AsyncIterator[Path]:
    """Have a folder that nobody else reads, and that is gone afterwards."""
    folder = _made()
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def put_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder that is empty."""
    await asyncio.to_thread(_put, folder, files)


async def with_outputs(script: Script, folder: Path, printed: ScriptResult) -> ScriptResult:
    """Answer the result with the outputs that the script left; raises `ScriptFailed`."""
    return await files_back(
        script, printed, lambda path: asyncio.to_thread(_content, folder, path, FILES_LIMIT + 1)
    )


def _made() -> Path:
    return Path(tempfile.mkdtemp(prefix="orbits-")).resolve()


def _put(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _content(folder: Path, path: str, most: int) -> bytes | None:
    """Answer what a file holds; `None` where it is none, or a link leads out of the folder."""
    real = Path(os.path.realpath(folder / path))
    if not real.is_relative_to(folder):
        return None
    try:
        # A pipe would keep its reader waiting.
        opened = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        return None
    with os.fdopen(opened, "rb") as file:
        return file.read(most)
