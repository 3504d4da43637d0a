"""The folder of one run on a module: made of what is ready, and gone with all its secrets."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from resources.library.terraform.leftovers import ERRORED_STATE, end_processes_in, errored_states
from resources.library.terraform.ready_modules import ReadyModule

VARIABLES = "zz_orbits.auto.tfvars.json"
"""Read by itself, and after all other files of variables."""


@dataclass(frozen=True)
class RunFolder:
    """Where the run has its module; `errored` are states that earlier runs could not hand in."""

    module: Path
    errored: tuple[Path, ...]


@asynccontextmanager
async def run_folder(
    runs: Path, run_id: str, ready: ReadyModule, variables: str
) -> AsyncIterator[RunFolder]:
    """Have a folder in `runs`, of which nothing remains but a state that was not handed in.

    What earlier runs on the same state have left there is ended and removed first. Who went well,
    or was cancelled, has left nothing: then nobody is looked for. Where something failed it may
    be Terraform that was killed, and its providers, with their credentials, go on without it.
    """
    folder = runs / f"{run_id}-{uuid4().hex[:8]}"
    try:
        made = await asyncio.to_thread(_made_if_empty, folder, ready, variables)
        if made is None:
            await end_processes_in(runs)
            made = await asyncio.to_thread(_made, folder, ready, variables)
        yield made
    except Exception:
        await end_processes_in(folder)
        raise
    finally:
        await asyncio.to_thread(_leave_no_secrets, folder, runs)


def _made_if_empty(folder: Path, ready: ReadyModule, variables: str) -> RunFolder | None:
    return None if _holds_something(folder.parent) else _made(folder, ready, variables)


def _made(folder: Path, ready: ReadyModule, variables: str) -> RunFolder:
    runs = folder.parent
    runs.mkdir(parents=True, exist_ok=True)
    _clear_away(runs)
    folder.mkdir(mode=0o700)
    module = ready.copied_to(folder)
    (module / VARIABLES).write_text(variables)
    return RunFolder(module, tuple(errored_states(runs)))


def _holds_something(runs: Path) -> bool:
    return runs.is_dir() and any(runs.iterdir())


def _clear_away(runs: Path) -> None:
    """Remove the folders of runs that were cut off, but for their states."""
    for folder in list(runs.iterdir()):
        if not folder.name.startswith("left-"):
            _leave_no_secrets(folder, runs)


def _leave_no_secrets(folder: Path, beside: Path) -> None:
    """Remove a run's folder, but for a state that it could not hand in."""
    for number, state in enumerate(errored_states(folder)):
        kept = beside / f"left-{folder.name}-{number}"
        kept.mkdir(parents=True)
        state.rename(kept / ERRORED_STATE)
    shutil.rmtree(folder, ignore_errors=True)
