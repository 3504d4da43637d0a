"""Private repositories are fetched with a token that nobody else gets to see."""

import asyncio
import base64
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.engine.engine import Engine
from bot.simulated.github import Repository
from bot.simulated.serving import serving
from bot.store.database import Database
from resources.errors import StepFailed
from resources.library import Checkout, GitCredentials, GitLogin, SourceRefused
from resources.library.git.credentials import signed_in
from tests.resources.on_github import OnGitHub, on_github

TRACING = """#!/bin/sh
export GIT_TRACE={folder}/trace HOME={folder}/home
exec {git} "$@"
"""


class Wrong(GitCredentials):
    """Has a password for everything, which opens nothing."""

    async def login(self, address: str) -> GitLogin | None:
        del address
        return GitLogin(user="x-access-token", password="ghs_wrong-password")


class Everywhere(GitCredentials):
    """Has a password for whatever it is asked for."""

    async def login(self, address: str) -> GitLogin | None:
        del address
        return GitLogin(user="us", password="correct-horse")


@pytest.fixture(autouse=True)
def traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have git write down every command that it is, or starts; its user keeps passwords."""
    git = shutil.which("git")
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(TRACING.format(folder=tmp_path, git=git))
    program.chmod(0o755)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".gitconfig").write_text("[credential]\n\thelper = store\n")
    monkeypatch.setenv("PATH", os.pathsep.join((str(program.parent), os.environ["PATH"])))
    return tmp_path / "trace"


@pytest.fixture
async def github(tmp_path: Path) -> AsyncIterator[OnGitHub]:
    async with on_github(tmp_path) as github, serving(github.simulator.asgi) as address:
        github.simulator.address = address
        yield github


@pytest.fixture
async def backend(github: OnGitHub) -> Repository:
    return await github.agency.create_repository("backend", {"a": "1"})


@pytest.fixture
async def engine(database: Database, github: OnGitHub) -> AsyncIterator[Engine]:
    async with github.engine(database) as engine:
        yield engine


async def checkout(repository: Repository, folder: Path) -> Checkout:
    address = f"{repository.html_url}.git"
    return Checkout(repository=address, revision=await repository.head(), cache=folder / "cache")


def found_in(folder: Path, *secrets: str) -> list[Path]:
    """Answer the files in which one of these is, as text or in base64."""
    wanted = [each.encode() for each in secrets]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(each in path.read_bytes() for each in wanted)]


async def test_a_private_repository_is_fetched_and_the_token_is_nowhere(
    engine: Engine, github: OnGitHub, backend: Repository, tmp_path: Path, traced: Path
) -> None:
    tree = await engine.run(await checkout(backend, tmp_path))

    assert (tree.path / "a").read_text() == "1"
    login = await github.logins().login(f"{backend.html_url}.git")
    assert login is not None
    # The tokens of the simulated GitHub begin alike.
    begin = login.password[:4]
    basic = base64.b64encode(f"x-access-token:{begin}xx".encode()).decode()[:24]
    assert found_in(tmp_path, "git credential-store --file") == [traced]
    assert found_in(tmp_path, begin, basic) == []
    assert sorted((tmp_path / "cache" / "mirrors").glob("*.login")) == []


async def test_a_commit_is_fetched_once_for_all(
    engine: Engine, github: OnGitHub, backend: Repository, tmp_path: Path
) -> None:
    wanted = await checkout(backend, tmp_path)

    trees = await asyncio.gather(*(engine.run(wanted) for _ in range(20)))

    assert len(set(trees)) == 1
    assert github.asked("POST", "/access_tokens") == 1


async def test_where_the_app_is_not_installed_it_says_where_to(
    engine: Engine, github: OnGitHub, backend: Repository, tmp_path: Path
) -> None:
    github.app.installations[0].selected = set()
    wanted = await checkout(backend, tmp_path)

    with pytest.raises(StepFailed) as failed:
        await engine.run(wanted)

    assert isinstance(failed.value.cause, SourceRefused)
    assert failed.value.reason == (
        f"{wanted.repository} cannot be fetched: its server does not show it to the bot, or does "
        "not take its login. Install the App on agency/backend, with the permission `Contents: "
        "read`, and retry."
    )
    assert "could not read Username" in failed.value.tail

    github.app.installations[0].selected = None
    assert (await engine.run(wanted)).revision == wanted.revision


async def test_a_login_that_is_not_taken_is_told(
    database: Database, backend: Repository, tmp_path: Path
) -> None:
    wanted = await checkout(backend, tmp_path)
    async with Engine(database, given=[Wrong()]) as engine:
        with pytest.raises(StepFailed) as failed:
            await engine.run(wanted)

    assert failed.value.reason == (
        f"{wanted.repository} cannot be fetched: its server does not show it to the bot, or does "
        "not take its login. Look at the address, and give the user that the bot runs as access "
        "to it, by a credential helper of git's or an SSH key, and retry."
    )
    assert "Authentication failed" in failed.value.tail
    assert found_in(tmp_path, "wrong-password") == []


async def test_the_helpers_of_the_user_serve_where_there_is_no_login(
    database: Database, github: OnGitHub, backend: Repository, tmp_path: Path
) -> None:
    token = github.simulator.user("maya").personal_token()
    backend.allow(github.simulator.user("maya"), "read")
    kept = backend.html_url.replace("http://", f"http://maya:{token}@")
    (tmp_path / "home" / ".git-credentials").write_text(f"{kept}\n")

    async with Engine(database) as engine:
        tree = await engine.run(await checkout(backend, tmp_path))

    assert (tree.path / "a").read_text() == "1"


async def test_a_server_that_leads_elsewhere_does_not_lead_the_login_there(
    database: Database, tmp_path: Path
) -> None:
    asked: list[dict[str, str]] = []

    async def other(request: Request) -> Response:
        asked.append(dict(request.headers))
        return Response(status_code=401, headers={"www-authenticate": 'Basic realm="x"'})

    async with serving(Starlette(routes=[Route("/{path:path}", other)])) as elsewhere:

        async def leads(request: Request) -> Response:
            return RedirectResponse(f"{elsewhere}{request.url.path}?{request.url.query}")

        async with (
            serving(Starlette(routes=[Route("/{path:path}", leads)])) as here,
            Engine(database, given=[Everywhere()]) as engine,
        ):
            away = Checkout(
                repository=f"{here}/backend.git", revision="0" * 40, cache=tmp_path / "cache"
            )
            with pytest.raises(StepFailed) as failed:
                await engine.run(away)

    assert isinstance(failed.value.cause, SourceRefused)
    assert asked
    assert [each for each in asked if "authorization" in each] == []


async def test_what_a_crash_left_behind_goes_first(tmp_path: Path) -> None:
    folder = tmp_path / "backend.login"
    folder.mkdir()
    (folder / "login").write_text("https://us:old@github.test\n")
    login = GitLogin(user="u/s", password="p@ss")

    async with signed_in(login, "https://github.test:8443/a/b", folder):
        file = folder / "login"
        assert file.read_text() == "https://u%2Fs:p%40ss@github.test:8443\n"
        assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)

    assert not folder.exists()
