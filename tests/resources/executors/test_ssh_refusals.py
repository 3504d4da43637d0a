"""What is said of a host that cannot be reached, is not trusted, or does not let the bot in."""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from resources.errors import ScriptFailed
from resources.executors import Script, SshExecutor
from tests.resources.executors.proxy import Proxy
from tests.resources.executors.ssh_server import SshServer, asyncssh


async def refused(executor: SshExecutor) -> str:
    with pytest.raises(ScriptFailed) as failed:
        await executor.execute(Script(argv=("true",)))
    assert failed.value.status is None
    return str(failed.value).removeprefix(
        f"`true` could not be started: {executor.user}@{executor.host}:{executor.port} "
        "cannot be used: "
    )


async def test_a_host_whose_key_is_unknown_is_not_spoken_to(
    server: SshServer, tmp_path: Path
) -> None:
    executor = server.executor(tmp_path, known_hosts="")

    assert await refused(executor) == (
        "its key is not in known_hosts, so it could be any machine. Compare what "
        f"`ssh-keyscan -p {server.port} 127.0.0.1` prints with the key on the host, and add it."
    )


async def test_a_host_whose_key_has_changed_is_not_spoken_to(
    server: SshServer, tmp_path: Path
) -> None:
    other = asyncssh().generate_private_key("ssh-ed25519").export_public_key().decode()
    executor = server.executor(tmp_path, known_hosts=f"[127.0.0.1]:{server.port} {other}")

    assert await refused(executor) == (
        "it shows another key than the one in known_hosts, so it may be another machine. "
        "Find out why; if the change is right, replace the key by what "
        f"`ssh-keyscan -p {server.port} 127.0.0.1` prints."
    )


async def test_a_known_hosts_text_that_cannot_be_read_is_told(
    server: SshServer, tmp_path: Path
) -> None:
    told = await refused(server.executor(tmp_path, known_hosts="what"))

    assert told.startswith("its known_hosts text cannot be read: ")


async def test_a_refused_key_is_named(server: SshServer, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    asyncssh().generate_private_key("ssh-ed25519").write_private_key(str(stranger))

    told = await refused(server.executor(tmp_path, identity_file=stranger))

    assert told.startswith(f"it refused {stranger} (")
    assert told.endswith(
        f"Put the public key into ~/.ssh/authorized_keys of {server.user} there, or correct the "
        "user or the key."
    )


async def test_a_key_that_is_not_there_is_named(server: SshServer, tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    assert await refused(server.executor(tmp_path, identity_file=missing)) == (
        f"there is no readable private key {missing}. Put it there on every worker."
    )


async def test_a_key_that_is_none_is_named(server: SshServer, tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish"
    rubbish.write_text("rubbish")

    told = await refused(server.executor(tmp_path, identity_file=rubbish))

    assert told.startswith(f"{rubbish} cannot be used: ")


async def test_a_host_that_does_not_listen_is_told(server: SshServer, tmp_path: Path) -> None:
    async with Proxy(server.port) as proxy:
        port = proxy.port
    told = await refused(server.executor(tmp_path, port=port))

    assert told.endswith("See that it runs, and that its name and port are right.")
    assert "Connect call failed" in told or "Connection refused" in told


async def test_a_host_that_does_not_answer_is_told(server: SshServer, tmp_path: Path) -> None:
    hung_up = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
        hung_up.set()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        soon = timedelta(seconds=0.3)
        told = await refused(server.executor(tmp_path, port=port, connect_within=soon))
        await hung_up.wait()

    assert told == (
        "it did not answer within 0.3 seconds. See that it runs, and that a firewall lets the "
        "bot through."
    )


def test_without_asyncssh_the_extra_is_named() -> None:
    program = (
        "import asyncio, sys; sys.modules['asyncssh'] = None\n"
        "from resources.executors import Script, SshExecutor\n"
        "executor = SshExecutor(host='a', user='b', known_hosts='')\n"
        "try: asyncio.run(executor.execute(Script(argv=('true',))))\n"
        "except Exception as error: print(error)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ
    )

    assert ended.stdout == (
        "`true` could not be started: Scripts run by SSH need the package asyncssh, which is not "
        "installed. Install the extra on every worker: `pip install 'orbits-bot[ssh]'`.\n"
    )
