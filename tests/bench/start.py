"""How long the command line and the server take to start, and how much memory they hold."""

import os
import secrets
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.simulated.github.apps import new_key_pair
from tests.bench.measuring import Part, Row
from tests.bench.stores import Store

ROUNDS = 5
ORBITS = Path(sys.executable).with_name("orbits")
COLUMNS = {"what": "", "seconds": ".2f", "of a bare Python": ".1f", "MB resident": ".0f"}


@dataclass(frozen=True)
class Start:
    """Medians: seconds until something is there, seconds of a bare Python, and megabytes then."""

    name: str
    seconds: float
    python_seconds: float
    megabytes: float | None = None


def parts(*_: Store) -> Iterator[Part]:
    """Measure the command line and the server; the bot's own database is a new file."""
    rows: list[Row] = [
        {
            "what": start.name,
            "seconds": start.seconds,
            "of a bare Python": start.seconds / start.python_seconds,
            "MB resident": start.megabytes,
        }
        for start in (help_start(), serve_start())
    ]
    yield Part("Starting", COLUMNS, rows)


def help_start() -> Start:
    """Measure `orbits --help` from beginning to end."""
    took = [_run([str(ORBITS), "--help"]) for _ in range(ROUNDS)]
    return Start("orbits --help", statistics.median(took), _bare_python())


def serve_start() -> Start:
    """Measure `orbits serve` until `/readyz` answers, on a database that it has used before."""
    took, memory = [], []
    with TemporaryDirectory() as folder:
        _serve_once(Path(folder))
        for _ in range(ROUNDS):
            seconds, megabytes = _serve_once(Path(folder))
            took.append(seconds)
            memory.append(megabytes)
    return Start(
        "orbits serve, ready", statistics.median(took), _bare_python(), statistics.median(memory)
    )


def _serve_once(folder: Path) -> tuple[float, float]:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    private_key, _ = new_key_pair()
    settings = {
        "ORBITS_DATABASE_URL": f"sqlite:///{folder / 'orbits.db'}",
        "ORBITS_GITHUB_API_URL": "http://127.0.0.1:9/api/v3",
        "ORBITS_GITHUB_APP_ID": "1",
        "ORBITS_GITHUB_PRIVATE_KEY": private_key,
        "ORBITS_GITHUB_WEBHOOK_SECRET": secrets.token_hex(20),
        "ORBITS_STACKS": "resources.example:stacks",
        "PORT": str(port),
    }
    began = time.perf_counter()
    with subprocess.Popen(
        [str(ORBITS), "serve"], env=os.environ | settings, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}/readyz", process)
            return time.perf_counter() - began, _megabytes(process.pid)
        finally:
            process.terminate()


def _wait_until_ready(address: str, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            with urllib.request.urlopen(address):  # noqa: S310 (our own address)
                return
        except urllib.error.URLError:
            continue
    raise SystemExit("orbits serve ended before it was ready")


def _megabytes(pid: int) -> float:
    """Answer the resident memory of a process, from Linux's `/proc`."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _bare_python() -> float:
    return statistics.median(_run([sys.executable, "-c", "pass"]) for _ in range(ROUNDS))


def _run(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
