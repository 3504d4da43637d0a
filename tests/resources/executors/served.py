"""An SSH server that runs real processes, for machines without Debian's: `python -m`."""

import asyncio
import importlib
import os
import sys
from typing import Any


async def serve(port: int, host_key: str, authorized: str) -> None:
    """Serve until this process is ended."""
    ssh: Any = importlib.import_module("asyncssh")
    await ssh.listen(
        "127.0.0.1",
        port,
        server_host_keys=[host_key],
        authorized_client_keys=authorized,
        process_factory=_run,
        encoding=None,
    )
    print("listening", file=sys.stderr, flush=True)
    await asyncio.Event().wait()


async def _run(remote: Any) -> None:
    """Run a command as a login would: not with what this process has in its environment."""
    names = ("HOME", "PATH", "USER", "LOGNAME", "LANG")
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        remote.command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: os.environ[name] for name in names if name in os.environ},
    )
    await remote.redirect(stdin=process.stdin, stdout=process.stdout, stderr=process.stderr)
    remote.exit(await process.wait())


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
