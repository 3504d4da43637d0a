"""A machine of AWS's, played by this one: a program that runs, and ends with all it started."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

MARK = "HOSTNAME"
"""By its value the processes of one machine are told apart; containers have such a variable."""


class Machine:
    """Runs one program, whose end is the end of all others that it started."""

    def __init__(
        self, argv: Sequence[str], environment: Mapping[str, str], hear: Callable[[bytes], None]
    ) -> None:
        self._name = f"ip-{uuid4().hex}"
        self._hear = hear
        self._over = threading.Event()
        self._process = subprocess.Popen(
            argv,
            cwd="/",
            env={"PATH": os.environ["PATH"], "HOME": "/", **environment, MARK: self._name},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        threading.Thread(target=self._bury, daemon=True).start()

    @property
    def status(self) -> int | None:
        """As a container's: a signal is 128 and its number; `None` while it runs."""
        if not self._over.is_set():
            return None
        code = self._process.returncode
        return 128 - code if code < 0 else code

    def stop(self, grace: float) -> None:
        """Send TERM, and KILL where that did not help."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        timer = threading.Timer(grace, self.kill)
        timer.daemon = True
        timer.start()

    def kill(self) -> None:
        """End whatever belongs to it."""
        while found := self._processes():
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def wait(self) -> int:
        self._over.wait()
        return self.status or 0

    def _listen(self) -> None:
        if self._process.stdout is None:
            raise RuntimeError("a process was started without the pipe that it was to have")
        while piece := os.read(self._process.stdout.fileno(), 65_536):
            self._hear(piece)
        self._process.stdout.close()

    def _bury(self) -> None:
        self._process.wait()
        self.kill()
        self._listener.join()
        self._over.set()

    def _processes(self) -> list[int]:
        entry = f"{MARK}={self._name}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            with suppress(OSError):
                if folder.name.isdigit() and entry in (folder / "environ").read_bytes().split(
                    b"\0"
                ):
                    found.append(int(folder.name))
        return found
