"""Scripts in containers of their own."""

import asyncio
import math
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Annotated
from uuid import uuid4

from pydantic import Field, field_validator

from resources.errors import ScriptFailed
from resources.executors.docker_cli import OF_THE_CLIENT, Container, DockerFailed
from resources.executors.executor import Executor, unheard
from resources.executors.failures import ended_as_told, lost, not_started, timed_out
from resources.executors.files_back import files_back
from resources.executors.output import BoundedOutput
from resources.executors.process_tree import ProcessTree
from resources.executors.processes import inherited, no_program
from resources.executors.script import FILES_LIMIT, Script, ScriptResult

OWN = PurePosixPath("/orbits")
FED = ("sh", "-c", f'exec < {OWN}/stdin; exec "$@"', "orbits")
"""The input is a file, so that a script whose client dies reads it to its end all the same."""

SOCKETS = (Path("/var/run/docker.sock"), Path("/run/docker.sock"))
_INIT_FAILED = "[FATAL tini"


class DockerExecutor(Executor):
    """Runs a script in a container of its own, which is gone afterwards.

        executor = DockerExecutor(image=image)
        result = await executor.execute(Script(argv=("id", "-u"), key="run-7f3c.who"))
        assert result.output == "65534\\n"

    The container may write to a /tmp and HOME of its own, and to the folders in `writable`; it
    may read its image and the folders in `readable`, which are of the machine that Docker runs
    on. It has no capabilities, cannot get any, and is no root unless `user` says so. Its name
    is the script's `key`: a script that goes on already is waited for, also after a crash of the
    bot. Docker's own socket is never given to it. A script with `stdin` needs a `sh` in the image.
    """

    image: str
    cwd: PurePosixPath | None = None
    environment: Mapping[str, str] = {}
    user: Annotated[str, Field(pattern=r"^\d+:\d+$")] = "65534:65534"
    network: str = "bridge"
    memory: str = "1g"
    cpus: float = 1.0
    processes: int = 512
    writable: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    grace: timedelta = timedelta(seconds=5)

    @field_validator("writable", "readable")
    @classmethod
    def _holds_no_socket(cls, folders: tuple[Path, ...]) -> tuple[Path, ...]:
        for folder in folders:
            if any(socket.is_relative_to(folder) for socket in SOCKETS):
                raise ValueError(
                    f"{folder} is not given to a container: with Docker's socket, which is in "
                    "it, a script could do anything on the machine"
                )
        return folders

    async def execute(
        self, script: Script, on_output: Callable[[str], None] = unheard
    ) -> ScriptResult:
        """Run the script in a container, or wait for the one in which it runs already."""
        container = Container(f"orbits-{script.key or uuid4().hex}")
        output = BoundedOutput(script.kept, on_output)
        try:
            verb = await self._begin(script, container)
            async with asyncio.timeout(script.timeout.total_seconds()):
                await _hear([*verb, container.name], output)
            answer = await self._answer_or_lost(script, container, output.result())
        except TimeoutError:
            await self._end(container, self.grace)
            raise timed_out(script, output.result()) from None
        except asyncio.CancelledError:
            await self._end(container, self.grace)
            raise
        except DockerFailed as failed:
            said = str(failed).removesuffix(".")
            raise not_started(
                script, f"Docker said: {said}. See that its daemon runs and lets the bot in."
            ) from None
        except ScriptFailed:
            await self._end(container, timedelta(0))
            raise
        await self._end(container, timedelta(0))
        return answer

    async def _begin(self, script: Script, container: Container) -> tuple[str, ...]:
        """Have a container, and answer the command by which it is heard."""
        environment = {"HOME": "/tmp", **self.environment, **script.environment}  # noqa: S108
        while not await container.create(self._options(script), environment):
            if (await container.state())["Status"] not in {"created", "dead", "removing"}:
                return ("logs", "--follow")
            # Somebody made it, and never came to start it.
            await container.remove(0)
        files = {f"files/{path}": content for path, content in script.files.items()}
        if script.stdin:
            files["stdin"] = script.stdin.encode()
        if self._has_volume(script):
            uid, _, gid = self.user.partition(":")
            await container.put(str(OWN), files, (int(uid), int(gid)))
        return ("start", "--attach")

    def _options(self, script: Script) -> list[str]:
        argv = [*(FED if script.stdin else ()), *script.argv]
        cwd = OWN / "files" if script.has_folder else script.cwd or self.cwd
        binds = [
            *(f"type=bind,src={folder},dst={folder},readonly" for folder in self.readable),
            *(f"type=bind,src={folder},dst={folder}" for folder in self.writable),
            *([f"type=volume,dst={OWN}"] if self._has_volume(script) else []),
        ]
        return [
            *("--init", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *("--user", self.user, "--network", self.network),
            *("--memory", self.memory, "--memory-swap", self.memory, "--cpus", f"{self.cpus:g}"),
            *("--pids-limit", str(self.processes)),
            *("--tmpfs", "/tmp:rw,nosuid,nodev,mode=1777,size=256m"),  # noqa: S108
            *("--log-driver", "local", "--log-opt", "max-size=32m", "--log-opt", "max-file=2"),
            *(word for bind in binds for word in ("--mount", bind)),
            *(() if cwd is None else ("--workdir", str(cwd))),
            *("--entrypoint", argv[0], self.image, *argv[1:]),
        ]

    def _has_volume(self, script: Script) -> bool:
        return script.has_folder or bool(script.stdin)

    async def _answer_or_lost(
        self, script: Script, container: Container, printed: ScriptResult
    ) -> ScriptResult:
        try:
            return await self._answer(script, container, printed)
        except DockerFailed as failed:
            raise lost(script, f"the container {container.name}", str(failed), printed) from None

    async def _answer(
        self, script: Script, container: Container, printed: ScriptResult
    ) -> ScriptResult:
        state = await container.state()
        if state["Status"] == "created":
            why = str(state["Error"])
            raise not_started(script, f"Docker said: {why}. Correct the executor.")
        if state["Running"]:
            why = "Docker let go of it. See whether its daemon was restarted, and retry."
            raise lost(script, f"the container {container.name}", why, printed)
        if status := state["ExitCode"]:
            if status == 127 and printed.output.startswith(_INIT_FAILED):
                raise no_program(script)
            raise ended_as_told(script, status, printed)
        return await files_back(
            script, printed, lambda path: container.take(str(OWN / "files" / path), FILES_LIMIT + 1)
        )

    async def _end(self, container: Container, grace: timedelta) -> None:
        """Remove the container, also where the caller is cancelled a second time."""
        with suppress(DockerFailed):
            removing = container.remove(math.ceil(grace.total_seconds()))
            await asyncio.shield(asyncio.ensure_future(removing))


async def _hear(argv: list[str], output: BoundedOutput) -> None:
    """Take what a container prints, until it ends."""
    tree = ProcessTree()
    program = shutil.which("docker") or "docker"
    environment = inherited(OF_THE_CLIENT)
    await tree.start(
        [program, *argv], cwd=None, environment=environment, stdin=b"", hear=output.take
    )
    try:
        await tree.wait()
    finally:
        await tree.end(timedelta(0))
        tree.close()
