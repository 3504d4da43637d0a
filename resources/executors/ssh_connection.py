"""A connection to a host by SSH, made with the host's known key or not at all."""

import asyncio
import importlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, cast

from resources.errors import OrbitsError
from resources.executors.failures import duration

KEEPALIVE = 10
"""After how many seconds of silence the host is asked whether it is there; three times at most."""


class Writer(Protocol):
    """Where a remote process reads from."""

    def write(self, data: bytes) -> None: ...  # noqa: D102 (asyncssh says)
    def write_eof(self) -> None: ...  # noqa: D102
    async def drain(self) -> None: ...  # noqa: D102


class Reader(Protocol):
    """What a remote process prints."""

    async def read(self, n: int = -1) -> bytes: ...  # noqa: D102
    async def readline(self) -> bytes: ...  # noqa: D102


class RemoteProcess(Protocol):
    """A process on the other side."""

    stdin: Writer
    stdout: Reader
    stderr: Reader
    exit_status: int | None

    async def wait_closed(self) -> None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class Connection(Protocol):
    """A connection, for any number of processes."""

    async def create_process(self, command: str, *, encoding: None) -> RemoteProcess: ...  # noqa: D102
    def abort(self) -> None: ...  # noqa: D102


class _Asyncssh(Protocol):
    """What is used of asyncssh, which is an extra and may be missing."""

    Error: type[Exception]
    HostKeyNotVerifiable: type[Exception]
    PermissionDenied: type[Exception]
    KeyImportError: type[Exception]
    ConnectionLost: type[Exception]

    def import_known_hosts(self, data: str) -> Any: ...
    async def connect(self, host: str, port: int, **options: Any) -> Connection: ...


class NotConnected(OrbitsError):
    """A host could not be reached, or would not have us.

    `again`: it may another time. `busy`: it hung up, as servers do that are asked by many.
    """

    @property
    def again(self) -> bool:
        """Whether the same attempt may have more luck later."""
        return bool(self.facts.get("again"))

    @property
    def busy(self) -> bool:
        """Whether the same attempt may have more luck at once."""
        return bool(self.facts.get("busy"))


@dataclass(frozen=True)
class Host:
    """How to get to a host, and how to know that it is the one."""

    name: str
    port: int
    user: str
    known_hosts: str
    identity_file: Path | None
    within: timedelta

    def __str__(self) -> str:
        return f"{self.user}@{self.name}:{self.port}"

    async def connect(self) -> Connection:
        """Answer a new connection; raises `NotConnected`."""
        ssh = _asyncssh()
        known = self._known_hosts(ssh)
        try:
            async with asyncio.timeout(self.within.total_seconds()):
                return await ssh.connect(self.name, self.port, **self._options(known))
        except TimeoutError:
            raise self._failed(
                f"it did not answer within {duration(self.within)}. See that it runs, and that "
                "a firewall lets the bot through.",
                again=True,
            ) from None
        except ssh.HostKeyNotVerifiable:
            raise self._failed(self._stranger(known)) from None
        except ssh.PermissionDenied as error:
            raise self._failed(
                f"it refused {self._credentials()} ({error}). Put the public key into "
                f"~/.ssh/authorized_keys of {self.user} there, or correct the user or the key."
            ) from None
        except ssh.KeyImportError as error:
            raise self._failed(
                f"{self._credentials()} cannot be used: {error}. Give a private key in OpenSSH's "
                "format that has no passphrase."
            ) from None
        except (ssh.ConnectionLost, ConnectionResetError, BrokenPipeError):
            raise self._failed(
                "it hung up before the bot could log in. See what its SSH server logs, and "
                "whether MaxStartups is too low.",
                again=True,
                busy=True,
            ) from None
        except (ssh.Error, OSError) as error:
            raise self._failed(self._unreachable(error), again=True) from None

    def _options(self, known_hosts: Any) -> dict[str, Any]:
        options = {
            "username": self.user,
            "known_hosts": known_hosts,
            "preferred_auth": ("publickey",),
            # What is in the home folder of the bot's user changes nothing.
            "config": None,
            "keepalive_interval": KEEPALIVE,
        }
        if self.identity_file is None:
            return options
        return {**options, "client_keys": [str(self.identity_file)], "agent_path": None}

    def _known_hosts(self, ssh: _Asyncssh) -> Any:
        try:
            return ssh.import_known_hosts(self.known_hosts)
        except ValueError as error:
            raise self._failed(
                f"its known_hosts text cannot be read: {error}. Write what `ssh-keyscan` prints, "
                "once you have compared it."
            ) from None

    def _stranger(self, known: Any) -> str:
        keys, authorities, *_ = known.match(self.name, "", self.port)
        scan = f"`ssh-keyscan -p {self.port} {self.name}`"
        if keys or authorities:
            return (
                "it shows another key than the one in known_hosts, so it may be another machine. "
                f"Find out why; if the change is right, replace the key by what {scan} prints."
            )
        return (
            "its key is not in known_hosts, so it could be any machine. Compare what "
            f"{scan} prints with the key on the host, and add it."
        )

    def _credentials(self) -> str:
        return "the keys of the agent" if self.identity_file is None else f"{self.identity_file}"

    def _unreachable(self, error: Exception) -> str:
        named = getattr(error, "filename", None)
        if named is not None and str(named) == str(self.identity_file):
            return f"there is no readable private key {named}. Put it there on every worker."
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return f"{why}. See that it runs, and that its name and port are right."

    def _failed(self, why: str, **facts: bool) -> NotConnected:
        return NotConnected(f"{self} cannot be used: {why}", **facts)


def ssh_error() -> type[Exception]:
    """Answer what a lost connection, or a channel of it, raises."""
    return _asyncssh().Error


def _asyncssh() -> _Asyncssh:
    try:
        # Late: whoever has no SSH host needs no SSH client.
        return cast("_Asyncssh", importlib.import_module("asyncssh"))
    except ImportError:
        raise NotConnected(
            "Scripts run by SSH need the package asyncssh, which is not installed. Install the "
            "extra on every worker: `pip install 'orbits-bot[ssh]'`."
        ) from None
