import asyncio
import os
from pathlib import Path

import pytest

from bot.simulated.github import Repository, SimulatedGitHub, User
from bot.simulated.serving import serving


async def git(*arguments: str, directory: Path) -> tuple[int, str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }
    process = await asyncio.create_subprocess_exec(
        "git",
        *arguments,
        cwd=directory,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


@pytest.mark.parametrize("options", [[], ["--depth=1"]])
async def test_a_repository_is_cloned_and_fetched(
    *,
    github: SimulatedGitHub,
    backend: Repository,
    maya: User,
    tmp_path: Path,
    options: list[str],
) -> None:
    async with serving(github.asgi) as github.address:
        login = f"http://x-access-token:{maya.personal_token()}@"
        url = f"{backend.html_url}.git".replace("http://", login)
        status, output = await git("clone", *options, url, "clone", directory=tmp_path)
        assert status == 0, output
        sha = await maya.pushes(backend, {"b.txt": "b"})
        fetched = await git("fetch", "origin", sha, directory=tmp_path / "clone")
        assert fetched[0] == 0, fetched[1]
        shown = await git("show", f"{sha}:b.txt", directory=tmp_path / "clone")

    assert (tmp_path / "clone" / "old.txt").read_text() == "old\n"
    assert shown == (0, "b")


async def test_a_private_repository_is_cloned_with_a_token_only(
    github: SimulatedGitHub, backend: Repository, tmp_path: Path
) -> None:
    stranger = github.user("stranger").personal_token()
    async with serving(github.asgi) as github.address:
        url = f"{backend.html_url}.git"
        anonymous = await git("clone", url, "clone", directory=tmp_path)
        foreign = url.replace("http://", f"http://x-access-token:{stranger}@")
        strange = await git("clone", foreign, "clone", directory=tmp_path)

    assert "could not read Username" in anonymous[1]
    assert "not found" in strange[1]
