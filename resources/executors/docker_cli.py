"""Docker, asked by its command line: an argv each time, and never a secret in it."""

import asyncio
import io
import json
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from resources.errors import OrbitsError
from resources.executors.processes import inherited

OF_THE_CLIENT = (
    *("PATH", "HOME", "XDG_RUNTIME_DIR", "SSH_AUTH_SOCK", "HTTPS_PROXY", "NO_PROXY"),
    *("DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"),
)
"""What the command line itself needs of the bot's environment; no container gets any of it."""

PULL_WITHIN = 600
ANSWER_WITHIN = 60


class DockerFailed(OrbitsError):
    """Docker did not do what it was asked to; the message is what it said."""


class Container:
    """A container by its name, of which there is one at most."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def create(self, options: list[str], environment: Mapping[str, str]) -> bool:
        """Make it, and answer whether it was not there yet; raises `DockerFailed`.

        Values go by the client's own environment, or where that needs the name itself, by its
        input: an argv can be read by everybody on the machine.
        """
        own = {name: value for name, value in environment.items() if name in OF_THE_CLIENT}
        passed = {name: value for name, value in environment.items() if name not in own}
        named = [word for name in passed for word in ("--env", name)]
        lines = "".join(f"{name}={value}\n" for name, value in own.items())
        argv = ["create", "--name", self.name, "--env-file", "/dev/stdin", *named, *options]
        answer = await docker(argv, stdin=lines.encode(), environment=passed, within=PULL_WITHIN)
        if "is already in use by container" in answer.complaint:
            return False
        answer.demand()
        return True

    async def state(self) -> dict[str, Any]:
        """Answer what Docker knows of it: `Status`, `ExitCode`, `Error` and more."""
        answer = await docker(["inspect", "--format", "{{json .State}}", self.name])
        answer.demand()
        found: dict[str, Any] = json.loads(answer.printed)
        return found

    async def put(self, folder: str, files: Mapping[str, bytes], owner: tuple[int, int]) -> None:
        """Write files, and the folder `files`, into a folder that is a volume."""
        packed = await asyncio.to_thread(_packed, files, owner)
        (await docker(["cp", "-", f"{self.name}:{folder}"], stdin=packed)).demand()

    async def take(self, path: str, most: int) -> bytes | None:
        """Answer the first `most` bytes of a file; `None` where there is none."""
        answer = await docker(["cp", f"{self.name}:{path}", "-"], most=most + 10 * 1024)
        return None if answer.status else _unpacked(answer.printed, most)

    async def remove(self, grace: int) -> None:
        """Let its processes end within `grace` seconds, then end them, and forget it."""
        if grace:
            await docker(["stop", "--time", str(grace), self.name], within=grace + ANSWER_WITHIN)
        await docker(["rm", "--force", "--volumes", self.name])


@dataclass(frozen=True)
class Answer:
    """What the client printed, and said on standard error."""

    status: int
    printed: bytes
    complaint: str

    def demand(self) -> None:
        """Raise `DockerFailed` unless all went well."""
        if self.status:
            raise DockerFailed(self.complaint.strip() or f"it ended with status {self.status}")


async def docker(
    argv: list[str],
    *,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    most: int = 1_000_000,
    within: float = ANSWER_WITHIN,
) -> Answer:
    """Run a command of the client that ends by itself; raises `DockerFailed`."""
    try:
        process = await asyncio.create_subprocess_exec(
            "docker",
            *argv,
            env={**(environment or {}), **inherited(OF_THE_CLIENT)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError:
        raise DockerFailed(
            "there is no program `docker`. Install it, on Debian with `apt install docker.io`"
        ) from None
    try:
        async with asyncio.timeout(within):
            return await _answer(process, stdin, most)
    except TimeoutError:
        raise DockerFailed(f"`docker {argv[0]}` took longer than {within:g} seconds") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _answer(process: asyncio.subprocess.Process, stdin: bytes, most: int) -> Answer:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise RuntimeError("a process was started without the pipes that it was to have")
    with suppress(ConnectionError):
        process.stdin.write(stdin)
        await process.stdin.drain()
    process.stdin.close()
    complaining = asyncio.ensure_future(process.stderr.read())
    printed = bytearray()
    try:
        while len(printed) < most and (piece := await process.stdout.read(65536)):
            printed += piece
        if len(printed) >= most:
            return Answer(0, bytes(printed), "")
        complaint = (await complaining).decode(errors="replace")
    finally:
        complaining.cancel()
    return Answer(await process.wait(), bytes(printed), complaint)


def _packed(files: Mapping[str, bytes], owner: tuple[int, int]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        above = {str(folder) for path in files for folder in PurePosixPath(path).parents}
        for folder in sorted(above - {"."} | {"files"}):
            archive.addfile(_entry(folder, owner, tarfile.DIRTYPE, 0o700))
        for path, content in files.items():
            entry = _entry(path, owner, tarfile.REGTYPE, 0o600)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _entry(path: str, owner: tuple[int, int], kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.type, entry.mode = kind, mode
    entry.uid, entry.gid = owner
    return entry


def _unpacked(packed: bytes, most: int) -> bytes | None:
    """Answer the one file of an archive, of which the end may be missing."""
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r|") as archive:
        first = archive.next()
        if first is None or not first.isreg():
            return None
        if first.size >= most:
            return bytes(most)
        file = archive.extractfile(first)
        return None if file is None else file.read()
