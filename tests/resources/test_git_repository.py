"""A bare repository, made, described, watched and removed, with real git."""

import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.engine.engine import Engine
from resources.errors import StepFailed
from resources.library import GitRepository
from resources.model.resource import Difference, Severity


def git(path: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(path), *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit_into(repository: Path) -> None:
    tree = git(repository, "mktree", "--missing")
    who = ("-c", "user.name=Maya", "-c", "user.email=maya@example.com")
    git(repository, "update-ref", "HEAD", git(repository, *who, "commit-tree", "-m", "x", tree))


@pytest.fixture
def backend(tmp_path: Path) -> GitRepository:
    return GitRepository(name="backend", home=tmp_path, description="The API")


async def test_it_is_bare_and_named(engine: Engine, backend: GitRepository) -> None:
    path = await engine.run(backend)

    assert git(path, "rev-parse", "--is-bare-repository") == "true"
    assert (path / "description").read_text() == "The API\n"
    assert git(path, "symbolic-ref", "HEAD") == "refs/heads/main"


async def test_as_it_should_be_it_differs_in_nothing(
    engine: Engine, backend: GitRepository
) -> None:
    await engine.run(backend)

    assert await engine.run(backend, "cycle") == []


async def test_a_change_by_hand_is_found_and_mended(engine: Engine, backend: GitRepository) -> None:
    path = await engine.run(backend)
    git(path, "config", "receive.denyNonFastForwards", "false")
    git(path, "symbolic-ref", "HEAD", "refs/heads/trunk")

    assert await engine.run(backend, "cycle") == [
        Difference(path="git/HEAD", desired="refs/heads/main", observed="refs/heads/trunk"),
        Difference(
            path="git/receive.denyNonFastForwards",
            desired="true",
            observed="false",
            severity=Severity.CRITICAL,
        ),
    ]
    await engine.run(backend, force=True)
    assert await engine.run(backend, "cycle") == []


async def test_a_new_description_keeps_the_commits(engine: Engine, backend: GitRepository) -> None:
    path = await engine.run(backend)
    commit_into(path)
    before = git(path, "rev-parse", "main")

    await engine.run(backend.model_copy(update={"description": "The new API"}))

    assert (path / "description").read_text() == "The new API\n"
    assert git(path, "rev-parse", "main") == before


async def test_it_is_not_removed_with_commits_in_it(engine: Engine, backend: GitRepository) -> None:
    path = await engine.run(backend)
    commit_into(path)

    with pytest.raises(StepFailed) as failed:
        await engine.run(backend, "uninstall")

    assert failed.value.reason == (
        "git-backend holds commits, so it is not removed. If nobody needs them, remove the "
        f"folder {path} by hand. Nothing was changed."
    )
    assert path.is_dir()


async def test_an_empty_one_is_removed(engine: Engine, backend: GitRepository) -> None:
    path = await engine.run(backend)

    await engine.run(backend, "uninstall")

    assert not path.exists()


@pytest.mark.parametrize("name", ["../other", "", "-x", "a/b", "A"])
def test_a_name_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        GitRepository(name=name, home=tmp_path)
