"""A real SSH server on this machine: Debian's where there is one, else that of asyncssh."""

import getpass
import importlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from resources.executors import SshExecutor

NEEDED = "asyncssh is not installed: pip install 'orbits-bot[ssh]'"


def asyncssh() -> Any:
    """Answer the package, or skip the test that needs it."""
    if importlib.util.find_spec("asyncssh") is None:
        pytest.skip(NEEDED)
    return importlib.import_module("asyncssh")


class SshServer:
    """Lets the user who runs the tests in, with one key, and runs what it is told to."""

    def __init__(self, folder: Path) -> None:
        ssh = asyncssh()
        self.folder = folder
        self.user = getpass.getuser()
        self.port = _free_port()
        self.identity_file = folder / "identity"
        self.host_key = folder / "host_key"
        for file in (self.identity_file, self.host_key):
            key = ssh.generate_private_key("ssh-ed25519")
            key.write_private_key(str(file))
            file.chmod(0o600)
            key.write_public_key(f"{file}.pub")
        self.authorized = Path(f"{self.identity_file}.pub")

    def known_hosts(self, port: int | None = None) -> str:
        """Answer the text by which a client knows this server, on its own port or another."""
        return f"[127.0.0.1]:{port or self.port} {Path(f'{self.host_key}.pub').read_text()}"

    def executor(self, folder: Path, **options: Any) -> SshExecutor:
        """Answer an executor that keeps what it needs there in `folder`."""
        port = options.get("port", self.port)
        return SshExecutor.model_validate(
            {
                "host": "127.0.0.1",
                "port": port,
                "user": self.user,
                "known_hosts": self.known_hosts(port),
                "identity_file": self.identity_file,
                "folder": str(folder),
                **options,
            }
        )


@contextmanager
def ssh_server(folder: Path) -> Iterator[SshServer]:
    """Have a server until the end of the tests."""
    server = SshServer(folder)
    sshd = _sshd()
    argv = _asyncssh_argv(server) if sshd is None else _sshd_argv(server, sshd)
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        said: list[str] = []
        for line in process.stderr or ():
            said.append(line)
            if "listening" in line.lower():
                break
        else:
            raise RuntimeError(f"the SSH server did not start: {''.join(said)}")
        # From now on nobody reads what it says, and it must not wait for that.
        drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
        try:
            yield server
        finally:
            process.terminate()
            process.wait()
            drain.wait()


def _sshd() -> str | None:
    """Answer Debian's server, where it could run: as root it wants what its package sets up."""
    found = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None or os.geteuid():
        return found
    users = {entry.pw_name for entry in pwd.getpwall()}
    return found if "sshd" in users and Path("/run/sshd").is_dir() else None


def _sshd_argv(server: SshServer, sshd: str) -> list[str]:
    settings = server.folder / "sshd_config"
    settings.write_text(
        f"ListenAddress 127.0.0.1:{server.port}\n"
        f"HostKey {server.host_key}\n"
        f"AuthorizedKeysFile {server.authorized}\n"
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "PermitRootLogin prohibit-password\nPidFile none\n"
    )
    return [sshd, "-D", "-e", "-f", str(settings)]


def _asyncssh_argv(server: SshServer) -> list[str]:
    files = (str(server.host_key), str(server.authorized))
    return [sys.executable, "-m", "tests.resources.executors.served", str(server.port), *files]


def _free_port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        port: int = some.getsockname()[1]
    return port
