"""A mirror of a repository stays small over the years, and nobody misses what it forgets."""

import asyncio
import os
import shutil
import subprocess
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.engine.engine import Engine
from resources.errors import ScriptFailed, StepFailed
from resources.library import Checkout, RevisionNotFound
from resources.library.git.command import git
from resources.library.git.mirrors import in_use
from tests.resources.forgetful_process import TOO_MANY_IN_ONE_FOLDER, let_it_be_tidied
from tests.resources.service_repository import DEVELOPER, ServiceRepository

MANY = 60
MONTH = timedelta(days=30).total_seconds()


@pytest.fixture
def backend(repository: Callable[[str], ServiceRepository]) -> ServiceRepository:
    return repository("backend")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def checkout(repository: ServiceRepository, revision: str, cache: Path) -> Checkout:
    return Checkout(repository=repository.address, revision=revision, cache=cache)


def pull_requests(repository: ServiceRepository, many: int) -> list[str]:
    """Let there be commits of which none has any other behind it, and answer them."""
    commits = [
        f"commit refs/pull/{number}\nmark :{number}\ncommitter M <m@x> 0 +0000\ndata 0\n"
        f"M 644 inline a\ndata {len(str(number))}\n{number}\n"
        f"M 644 inline b\ndata {len(str(-number))}\n{-number}\n"
        for number in range(1, many + 1)
    ]
    marks = repository.path.parent / "marks"
    subprocess.run(
        ["git", "fast-import", "--quiet", f"--export-marks={marks}"],
        cwd=repository.path,
        env=DEVELOPER,
        input="".join(commits).encode(),
        check=True,
    )
    numbered = dict(line.split() for line in marks.read_text().splitlines())
    return [numbered[f":{number}"] for number in range(1, many + 1)]


async def refs(mirror: Path) -> set[str]:
    found = await git(mirror, "for-each-ref", "--format=%(refname)")
    return set(found.split())


async def has(mirror: Path, revision: str) -> bool:
    try:
        await git(mirror, "cat-file", "-e", revision)
    except ScriptFailed:
        return False
    return True


def mirror_in(cache: Path) -> Path:
    (mirror,) = (cache / "mirrors").glob("*.git")
    return mirror


async def fetched_long_ago(mirror: Path, repository: ServiceRepository, shas: list[str]) -> None:
    """Let there be what the bot leaves that fetched these one by one, and cleared their trees."""
    for sha in shas:
        kept = f"+{sha}:refs/orbits/{sha}"
        fetch = ("-c", "fetch.unpackLimit=1", "fetch", "--quiet", "--no-auto-gc")
        await git(mirror, *fetch, repository.address, kept)
    for file in (mirror / "objects").rglob("*"):
        if file.is_file():
            os.utime(file, (file.stat().st_mtime - MONTH,) * 2)


async def test_what_was_fetched_for_trees_that_are_gone_goes_as_well(
    engine: Engine, backend: ServiceRepository, cache: Path
) -> None:
    first, second = backend.commit({"a": "first"}), backend.commit({"a": "second"})
    await engine.run(checkout(backend, first, cache))
    mirror = mirror_in(cache)
    old = pull_requests(backend, MANY)
    await fetched_long_ago(mirror, backend, old)
    assert len(list(mirror.glob("objects/pack/*.pack"))) == MANY
    os.utime(mirror.with_suffix(".lock"), (0, 0))

    await engine.run(checkout(backend, second, cache))

    assert await refs(mirror) == {f"refs/orbits/{first}", f"refs/orbits/{second}"}
    assert len(list(mirror.glob("objects/pack/*.pack"))) == 1
    assert len(list(mirror.glob("objects/??/*"))) == 0
    assert not await has(mirror, old[7])

    tree = await engine.run(checkout(backend, old[7], cache))
    assert (tree.path / "a").read_text() == "8"
    assert f"refs/orbits/{old[7]}" in await refs(mirror)


async def test_a_mirror_is_not_tidied_more_than_once_a_day(
    engine: Engine, backend: ServiceRepository, cache: Path
) -> None:
    first, second = backend.commit({"a": "first"}), backend.commit({"a": "second"})
    forgotten = (await engine.run(checkout(backend, first, cache))).path
    shutil.rmtree(forgotten)

    await engine.run(checkout(backend, second, cache))

    kept = {f"refs/orbits/{first}", f"refs/orbits/{second}"}
    assert await refs(mirror_in(cache)) == kept


async def test_nothing_is_forgotten_while_somebody_uses_the_mirror(
    engine: Engine, backend: ServiceRepository, cache: Path
) -> None:
    shas = [backend.commit({"a": str(number)}) for number in range(4)]
    shutil.rmtree((await engine.run(checkout(backend, shas[0], cache))).path)
    mirror = mirror_in(cache)

    async with in_use(mirror):
        let_it_be_tidied(mirror)
        await engine.run(checkout(backend, shas[1], cache))
        assert f"refs/orbits/{shas[0]}" in await refs(mirror)

    await engine.run(checkout(backend, shas[2], cache))
    assert await refs(mirror) == {f"refs/orbits/{sha}" for sha in shas[1:3]}


async def test_two_processes_have_their_trees_while_the_other_one_tidies(
    backend: ServiceRepository, cache: Path, tmp_path: Path
) -> None:
    shas = pull_requests(backend, 12)
    (tmp_path / ".gitconfig").write_text("[gc]\n\tpruneExpire = now\n")
    program = (sys.executable, "-m", "tests.resources.forgetful_process")

    processes = [
        await asyncio.create_subprocess_exec(
            *(*program, backend.address, str(cache), *part),
            env={**os.environ, "HOME": str(tmp_path)},
            stdout=PIPE,
            stderr=STDOUT,
        )
        for part in (shas[::2], shas[1::2])
    ]
    printed = await asyncio.gather(*(process.communicate() for process in processes))

    assert [process.returncode for process in processes] == [0, 0], printed
    assert len(await refs(mirror_in(cache))) <= 2
    loose = list(mirror_in(cache).glob("objects/17/*"))
    assert len(loose) <= TOO_MANY_IN_ONE_FOLDER


async def test_a_commit_of_which_something_is_missing_is_fetched_again(
    engine: Engine, backend: ServiceRepository, cache: Path
) -> None:
    (sha,) = pull_requests(backend, 1)
    shutil.rmtree((await engine.run(checkout(backend, sha, cache))).path)
    mirror = mirror_in(cache)
    await git(mirror, "update-ref", "-d", f"refs/orbits/{sha}")
    blob = (await git(mirror, "rev-parse", f"{sha}:a")).strip()
    (mirror / "objects" / blob[:2] / blob[2:]).unlink()

    tree = await engine.run(checkout(backend, sha, cache))

    assert (tree.path / "a").read_text() == "1"


async def test_branches_that_are_gone_are_gone_from_the_mirror_too(
    engine: Engine, backend: ServiceRepository, cache: Path
) -> None:
    sha = backend.commit({"a": "1"})
    backend.branch("feature")
    await engine.run(checkout(backend, sha, cache))
    with pytest.raises(StepFailed):  # not before it has looked at all branches
        await engine.run(checkout(backend, "0" * 40, cache))
    backend.leave("feature")
    backend.branch("feature/more")

    with pytest.raises(StepFailed) as failed:
        await engine.run(checkout(backend, "1" * 40, cache))

    assert isinstance(failed.value.cause, RevisionNotFound)
    found = {"refs/heads/main", "refs/heads/feature/more", f"refs/orbits/{sha}"}
    assert await refs(mirror_in(cache)) == found
