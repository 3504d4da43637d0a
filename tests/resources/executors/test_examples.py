"""The examples that stand in the docstrings of the executors, as they stand there."""

import ast
import inspect
import textwrap
from pathlib import Path
from typing import Any

import pytest

from resources.executors import (
    DockerExecutor,
    Executor,
    LocalExecutor,
    SandboxExecutor,
    Script,
    SshExecutor,
)
from resources.library import CloudExecutor, Environment
from tests.resources.executors.conftest import demand_bubblewrap
from tests.resources.executors.docker_image import programs
from tests.resources.executors.ssh_server import SshServer


async def run_example(of: type[Executor], **known: Any) -> None:
    """Run the block of code in a docstring; it asserts what it promises."""
    documented = inspect.getdoc(of) or ""
    blocks = [part for part in documented.split("\n\n") if part.startswith("    ")]
    code = compile(
        textwrap.dedent(blocks[0]),
        of.__name__,
        "exec",
        flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
    )
    names = {of.__name__: of, "Script": Script, "Environment": Environment, **known}
    await eval(code, names)  # noqa: S307 (our own docstring)


async def test_the_example_of_the_local_executor() -> None:
    await run_example(LocalExecutor)


async def test_the_example_of_the_sandbox() -> None:
    demand_bubblewrap()
    await run_example(SandboxExecutor)


async def test_the_example_of_the_ssh_executor(server: SshServer, tmp_path: Path) -> None:
    class Here(SshExecutor):
        folder: str = str(tmp_path / "ssh")

    await run_example(
        SshExecutor,
        SshExecutor=Here,
        host="127.0.0.1",
        port=server.port,
        user=server.user,
        known_hosts=server.known_hosts(),
        identity_file=server.identity_file,
    )


async def test_the_example_of_the_docker_executor(image: str) -> None:
    class Here(DockerExecutor):
        network: str = "none"
        readable: tuple[Path, ...] = programs()

    await run_example(DockerExecutor, DockerExecutor=Here, image=image)


async def test_the_example_of_the_cloud_executor(tmp_path: Path) -> None:
    await run_example(CloudExecutor, directory=tmp_path)


@pytest.mark.parametrize("of", [LocalExecutor, SandboxExecutor, SshExecutor, DockerExecutor])
def test_every_executor_shows_how_it_is_used(of: type[Executor]) -> None:
    assert f"executor = {of.__name__}(" in (of.__doc__ or "")
