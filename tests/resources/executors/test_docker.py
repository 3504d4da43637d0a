"""What the Docker executor promises beyond the contract: adoption, limits, and no litter."""

import asyncio
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from resources.errors import ScriptFailed
from resources.executors import DockerExecutor, Script
from tests.resources.executors.conftest import in_a_container
from tests.resources.scripts import shell


def docker(*argv: str) -> str:
    return subprocess.run(["docker", *argv], capture_output=True, text=True, check=True).stdout


async def test_a_script_whose_container_runs_is_waited_for(image: str, tmp_path: Path) -> None:
    executor = in_a_container(image, tmp_path)
    program = 'echo begun >> "$0/log"; echo first; read _ < "$0/go"; echo last'
    script = shell(program, str(tmp_path), key="run-7f3c.adopted")
    subprocess.run(["mkfifo", tmp_path / "go"], check=True)  # noqa: ASYNC221
    both = [asyncio.Event(), asyncio.Event()]

    first = asyncio.create_task(executor.execute(script, lambda _: both[0].set()))
    await both[0].wait()
    second = asyncio.create_task(executor.execute(script, lambda _: both[1].set()))
    await both[1].wait()
    await asyncio.to_thread((tmp_path / "go").write_text, "\n")

    assert "first\nlast\n" in {result.output for result in await asyncio.gather(first, second)}
    assert (tmp_path / "log").read_text() == "begun\n"


async def test_a_container_that_was_never_started_is_made_again(image: str, tmp_path: Path) -> None:
    docker("create", "--name", "orbits-run-7f3c.half", image, "true")

    result = await in_a_container(image, tmp_path).execute(
        Script(argv=("echo", "whole"), key="run-7f3c.half")
    )

    assert result.output == "whole\n"


async def test_nothing_is_left_of_it(image: str, tmp_path: Path) -> None:
    executor = in_a_container(image, tmp_path)
    before = docker("volume", "ls", "-q")

    await executor.execute(shell("true", files={"a": b""}, key="run-7f3c.tidy"))
    with pytest.raises(ScriptFailed):
        await executor.execute(shell("exit 1", stdin="x", key="run-7f3c.tidy"))

    assert docker("ps", "-aq", "--filter", "name=orbits-run-7f3c.tidy") == ""
    assert docker("volume", "ls", "-q") == before


async def test_it_may_do_little(image: str, tmp_path: Path) -> None:
    program = "touch /x 2>/dev/null || echo refused; grep -E 'CapEff|NoNewPrivs' /proc/self/status"

    result = await in_a_container(image, tmp_path).execute(shell(program))

    assert result.output.split() == ["refused", "CapEff:", "0" * 16, "NoNewPrivs:", "1"]


async def test_a_missing_image_is_told(tmp_path: Path, image: str) -> None:
    executor = in_a_container("localhost:1/no/such:image", tmp_path)

    with pytest.raises(ScriptFailed, match=r"could not be started: Docker said: .*no/such"):
        await executor.execute(Script(argv=("true",)))


async def test_a_daemon_that_does_not_answer_is_told(
    tmp_path: Path, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")

    with pytest.raises(ScriptFailed, match="See that its daemon runs and lets the bot in"):
        await in_a_container(image, tmp_path).execute(Script(argv=("true",)))


async def test_without_docker_it_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ScriptFailed, match=r"there is no program `docker`. Install it, on Debian"):
        await DockerExecutor(image="any").execute(Script(argv=("true",)))


@pytest.mark.parametrize("folder", ["/", "/var/run", "/run/docker.sock"])
def test_the_socket_of_docker_is_given_to_nobody(folder: str) -> None:
    with pytest.raises(ValidationError, match="a script could do anything on the machine"):
        DockerExecutor(image="any", readable=(Path(folder),))
