"""A service's files at a commit, from a real repository."""

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.engine.engine import Engine
from resources.errors import StepFailed
from resources.library import Checkout, RevisionNotFound, SourceTree
from resources.model.workflow import Workflow
from resources.testing import Crashed, Rehearsal, every_crash
from resources.testing.crash import Moment
from tests.resources.service_repository import ServiceRepository


@pytest.fixture
def backend(repository: Callable[[str], ServiceRepository]) -> ServiceRepository:
    return repository("backend")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def checkout(repository: ServiceRepository, revision: str, cache: Path) -> Checkout:
    return Checkout(repository=repository.address, revision=revision, cache=cache)


def files(tree: SourceTree) -> dict[str, str]:
    return {
        path.relative_to(tree.path).as_posix(): path.read_text()
        for path in tree.path.rglob("*")
        if path.is_file()
    }


async def test_the_files_of_a_commit_are_in_a_folder(
    engine: Engine, backend: ServiceRepository, cache: Path
) -> None:
    sha = backend.commit({"deploy/app.conf": "one", "README": "hello"})

    tree = await engine.run(checkout(backend, sha, cache))

    assert tree.revision == sha
    assert files(tree) == {"deploy/app.conf": "one", "README": "hello"}


async def test_an_earlier_commit_stays_as_it_was(
    engine: Engine, backend: ServiceRepository, cache: Path
) -> None:
    first = backend.commit({"a": "1", "b": "1"})
    second = backend.commit({"a": "2", "b": None})

    newer = await engine.run(checkout(backend, second, cache))
    older = await engine.run(checkout(backend, first, cache))

    assert (files(older), files(newer)) == ({"a": "1", "b": "1"}, {"a": "2"})


async def test_many_revisions_are_checked_out_at_once(
    engine: Engine, backend: ServiceRepository, cache: Path
) -> None:
    shas = [backend.commit({"a": str(number)}) for number in range(5)]

    trees = await asyncio.gather(*(engine.run(checkout(backend, sha, cache)) for sha in shas))

    assert [files(tree) for tree in trees] == [{"a": str(number)} for number in range(5)]
    assert sorted(os.listdir(trees[0].path.parent)) == sorted(shas)  # noqa: PTH208


async def test_a_commit_that_came_later_is_fetched(
    engine: Engine, backend: ServiceRepository, cache: Path
) -> None:
    await engine.run(checkout(backend, backend.commit({"a": "1"}), cache))
    later = backend.commit({"a": "2"})

    assert files(await engine.run(checkout(backend, later, cache))) == {"a": "2"}


async def test_a_commit_on_no_branch_is_fetched(
    engine: Engine, backend: ServiceRepository, cache: Path
) -> None:
    backend.commit({"a": "1"})
    backend.branch("feature")
    sha = backend.commit({"a": "2"})
    backend.leave("feature")

    assert files(await engine.run(checkout(backend, sha, cache))) == {"a": "2"}


async def test_a_folder_that_was_removed_is_made_again(
    engine: Engine, backend: ServiceRepository, cache: Path
) -> None:
    sha = backend.commit({"a": "1"})
    await engine.run(checkout(backend, sha, cache))

    shutil.rmtree(cache)

    assert files(await engine.run(checkout(backend, sha, cache))) == {"a": "1"}


async def test_a_checkout_is_not_fetched_twice(
    engine: Engine, backend: ServiceRepository, cache: Path
) -> None:
    sha = backend.commit({"a": "1"})
    first = await engine.run(checkout(backend, sha, cache))
    shutil.rmtree(backend.path)

    assert await engine.run(checkout(backend, sha, cache)) == first


async def test_a_commit_that_does_not_exist_is_named(
    engine: Engine, backend: ServiceRepository, cache: Path
) -> None:
    backend.commit({"a": "1"})
    missing = "deadbeef" * 5

    with pytest.raises(StepFailed) as failed:
        await engine.run(checkout(backend, missing, cache))

    assert isinstance(failed.value.cause, RevisionNotFound)
    assert failed.value.reason == (
        f"{backend.address} has no commit {missing}. Push it, or name another."
    )


async def test_a_repository_that_does_not_exist_is_told_in_the_words_of_git(
    engine: Engine, cache: Path, tmp_path: Path
) -> None:
    nowhere = Checkout(repository=f"{tmp_path}/nowhere", revision="0" * 40, cache=cache)

    with pytest.raises(StepFailed) as failed:
        await engine.run(nowhere)

    assert "does not appear to be a git repository" in failed.value.tail


async def test_a_symbolic_link_leads_nowhere(
    engine: Engine, backend: ServiceRepository, cache: Path
) -> None:
    (backend.path / "passwd").symlink_to("/etc/passwd")
    sha = backend.commit({})

    assert files(await engine.run(checkout(backend, sha, cache))) == {"passwd": "/etc/passwd"}


async def test_a_commit_without_files_is_an_empty_folder(
    engine: Engine, backend: ServiceRepository, cache: Path
) -> None:
    tree = await engine.run(checkout(backend, backend.commit({}), cache))

    assert files(tree) == {}


@pytest.mark.parametrize(
    "address",
    [
        "",
        "--upload-pack=touch /tmp/x",
        "ext::sh -c id",
        "https://maya:secret@github.com/agency/backend",
        "https://token@github.com/agency/backend",
    ],
)
def test_an_address_that_git_could_misread_is_refused(address: str, cache: Path) -> None:
    with pytest.raises(ValidationError):
        Checkout(repository=address, revision="0" * 40, cache=cache)


@pytest.mark.parametrize("revision", ["main", "HEAD", "abc1234", "0" * 39, "A" * 40, "-" * 40])
def test_what_is_no_full_commit_is_refused(revision: str, cache: Path) -> None:
    with pytest.raises(ValidationError):
        Checkout(repository="git@github.com:agency/backend", revision=revision, cache=cache)


async def test_a_process_may_die_anywhere_on_the_way_to_a_tree(
    backend: ServiceRepository, cache: Path
) -> None:
    sha = backend.commit({"deploy/app.conf": "one"})

    def empty_machine() -> Rehearsal:
        shutil.rmtree(cache, ignore_errors=True)
        return Rehearsal()

    desired = checkout(backend, sha, cache)
    worlds = [world async for world in every_crash(empty_machine, desired)]

    assert len(worlds) == 7
    assert files(await desired.output()) == {"deploy/app.conf": "one"}


class Reader(Workflow):
    """Reads a file of a tree in a later step."""

    source: Checkout

    async def define(self) -> str:
        tree = await self.do("fetch-source", self.source)

        async def read() -> str:
            return (tree.path / "deploy" / "app.conf").read_text()

        return await self.do("read", read)


@pytest.mark.parametrize("moment", Moment)
async def test_another_machine_that_goes_on_fetches_the_tree_itself(
    backend: ServiceRepository, cache: Path, moment: Moment
) -> None:
    sha = backend.commit({"deploy/app.conf": "one"})
    reader = Reader(source=checkout(backend, sha, cache))
    undisturbed = Rehearsal()
    await undisturbed.do(reader)

    for end in undisturbed.steps:
        shutil.rmtree(cache)
        world = Rehearsal()
        getattr(world, f"crash_{moment}")(end.step, end.identity)
        with pytest.raises(Crashed):
            await world.do(reader)
        shutil.rmtree(cache, ignore_errors=True)  # the other machine never had it

        assert await world.resume() == "one", (moment, end)
