"""Trees of a repository that nobody uses any more are removed, and no others."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.engine.engine import Engine
from resources.library import Checkout
from resources.library.git.trees import KEPT_ALWAYS, KEPT_FOR, clear_away, superseded, take
from tests.resources.service_repository import ServiceRepository

DAY = timedelta(days=1).total_seconds()
MONTH = 30 * DAY


def made(trees: Path, name: str, age: float = 0) -> Path:
    """A tree that was last used so many seconds ago."""
    tree = trees / name
    tree.mkdir(parents=True)
    (tree / "a").write_text("a")
    aged(tree, age)
    return tree


def aged(tree: Path, age: float) -> None:
    now = tree.stat().st_mtime
    os.utime(tree, (now - age, now - age))


@contextmanager
def in_use(tree: Path) -> Iterator[None]:
    """Hold a tree as another process does while it takes it."""
    opened = os.open(tree, os.O_RDONLY)
    fcntl.flock(opened, fcntl.LOCK_SH)
    try:
        yield
    finally:
        os.close(opened)


def test_what_is_old_goes_but_for_the_last_ten() -> None:
    used = {f"{age:02}": 100 * DAY - age * DAY for age in range(30)}

    gone = superseded(used, now=100 * DAY)

    assert gone == [f"{age:02}" for age in range(15, 30)]
    assert superseded(dict.fromkeys(list(used)[:KEPT_ALWAYS], 0.0), now=100 * DAY) == []
    assert superseded(dict.fromkeys(used, 99 * DAY), now=100 * DAY) == []


async def test_a_new_revision_takes_the_place_of_old_ones(
    engine: Engine, repository: Callable[[str], ServiceRepository], tmp_path: Path
) -> None:
    backend = repository("backend")
    first, second = backend.commit({"a": "1"}), backend.commit({"a": "2"})

    def of(revision: str) -> Checkout:
        return Checkout(repository=backend.address, revision=revision, cache=tmp_path / "cache")

    oldest = (await engine.run(of(first))).path
    for number in range(12):
        made(oldest.parent, f"{number:040}", MONTH + number)
    aged(oldest, 2 * MONTH)
    # Asked for again, it is used again, though nothing is done.
    await engine.run(of(first))

    await engine.run(of(second))

    names = {each.name for each in oldest.parent.iterdir()}
    assert names == {first, second, *(f"{number:040}" for number in range(8))}
    assert (oldest / "a").read_text() == "1"


def test_one_that_another_process_takes_stays(tmp_path: Path) -> None:
    trees = [made(tmp_path, f"{number:02}", MONTH + number) for number in range(12)]
    new = made(tmp_path, "new")

    with in_use(trees[11]):
        clear_away(tmp_path, new)

    assert {each.name for each in tmp_path.iterdir()} == {
        "new",
        "11",
        *(f"{number:02}" for number in range(9)),
    }


def test_what_crashes_left_goes_when_it_is_old(tmp_path: Path) -> None:
    made(tmp_path, ".half-made", MONTH)
    made(tmp_path, ".being-made")

    clear_away(tmp_path, made(tmp_path, "new"))

    assert {each.name for each in tmp_path.iterdir()} == {".being-made", "new"}


@pytest.mark.parametrize("age", [0, MONTH])
def test_a_tree_that_is_taken_is_young(tmp_path: Path, age: float) -> None:
    tree, fresh = made(tmp_path, "old", age), made(tmp_path, "fresh")

    assert take(tree)

    assert fresh.stat().st_mtime - tree.stat().st_mtime < KEPT_FOR.total_seconds() / 2
    assert not take(tmp_path / "missing")
