"""Modules that were made ready for all tenants go when no run has used them for long."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from resources.errors import Refused
from resources.library.git.trees import KEPT_ALWAYS, KEPT_FOR
from resources.library.terraform.ready_modules import Module, ReadyModule, made_ready

LONG = KEPT_FOR + timedelta(days=1)


async def fetched(_: Path, data: Path) -> None:
    """Leave what an `init` leaves."""
    (data / "provider").write_text("large")


async def broken(_: Path, data: Path) -> None:
    (data / "half").write_text("half")
    raise Refused("The registry does not answer.")


def revision(folder: Path, number: int) -> Module:
    """Answer a module as of a revision."""
    directory = folder / "trees" / str(number)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "main.tf").write_text(f"# {number}\n")
    return Module(directory, directory)


def rests(ready: ReadyModule, period: timedelta = LONG) -> None:
    """Let nobody have used it for so long."""
    then = ready.folder.stat().st_mtime - period.total_seconds()
    os.utime(ready.folder, (then, then))


async def test_what_no_run_has_used_for_long_goes_but_for_the_last_ten(tmp_path: Path) -> None:
    home, revisions = tmp_path / "modules", [revision(tmp_path, each) for each in range(13)]
    kept = [await made_ready(each, "terraform", home, fetched) for each in revisions]
    for age, ready in enumerate(kept):
        rests(ready, LONG + timedelta(hours=age))
    # Asked for again, it is used again, though nothing is done.
    await made_ready(revisions[12], "terraform", home, broken)

    new = await made_ready(revision(tmp_path, 13), "terraform", home, fetched)

    there = {each.name for each in home.iterdir() if not each.name.startswith(".")}
    assert there == {each.name for each in [new, kept[12], *kept[: KEPT_ALWAYS - 2]]}
    assert (kept[12].data / "provider").read_text() == "large"


async def test_an_init_that_fails_leaves_nothing(tmp_path: Path) -> None:
    home, module = tmp_path / "modules", revision(tmp_path, 1)

    with pytest.raises(Refused):
        await made_ready(module, "terraform", home, broken)

    assert [each for each in home.iterdir() if each.is_dir()] == []
    ready = await made_ready(module, "terraform", home, fetched)
    assert [each.name for each in ready.data.iterdir()] == ["provider"]


async def test_what_a_killed_process_left_half_made_is_made_anew(tmp_path: Path) -> None:
    home, module = tmp_path / "modules", revision(tmp_path, 1)
    ready = await made_ready(module, "terraform", home, fetched)
    (ready.data / "half").write_text("half")
    ready.mark.unlink()

    await made_ready(module, "terraform", home, fetched)

    assert [each.name for each in ready.data.iterdir()] == ["provider"]
