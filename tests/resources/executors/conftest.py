"""The executors that this machine can try; the others are skipped with what they need."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from resources.executors import DockerExecutor, Executor, LocalExecutor, SandboxExecutor
from resources.executors.sandbox import sandbox_works
from tests.resources.executors.docker_image import docker_image, programs
from tests.resources.executors.ssh_server import SshServer, ssh_server
from tests.resources.scripts import Witness

GRACE = timedelta(milliseconds=150)


@dataclass(frozen=True)
class Tried:
    """An executor, and in what it may differ from others."""

    executor: Executor
    leaves_children: bool
    """Whether what outlives the script is left alone."""
    much: int = 200_000_000
    """How many bytes are a lot to print."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with ssh_server(tmp_path_factory.mktemp("ssh")) as server:
        yield server


@pytest.fixture
async def witness() -> AsyncIterator[Witness]:
    async with Witness() as witness:
        yield witness


@pytest.fixture(scope="session")
def image() -> str:
    return docker_image()


@pytest.fixture(params=["local", "sandbox", "ssh", "docker"])
def tried(request: pytest.FixtureRequest, tmp_path: Path) -> Tried:
    match request.param:
        case "local":
            return Tried(LocalExecutor(grace=GRACE), leaves_children=True)
        case "sandbox":
            demand_bubblewrap()
            return Tried(SandboxExecutor(grace=GRACE), leaves_children=False)
        case "ssh":
            server: SshServer = request.getfixturevalue("server")
            # More than one segment, which are what the host keeps for us.
            executor = server.executor(tmp_path / "ssh", grace=GRACE)
            return Tried(executor, leaves_children=True, much=50_000_000)
        case _:
            return Tried(in_a_container(request.getfixturevalue("image"), tmp_path), False)


@pytest.fixture
def executor(tried: Tried) -> Executor:
    return tried.executor


def in_a_container(image: str, folder: Path) -> DockerExecutor:
    return DockerExecutor(
        image=image,
        readable=programs(),
        writable=(folder,),
        network="host",
        user=f"{os.getuid()}:{os.getgid()}",
        grace=GRACE,
    )


def demand_bubblewrap() -> None:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: apt install bubblewrap")
    if not sandbox_works():
        pytest.skip("bubblewrap may not make namespaces here: allow user namespaces")
