"""Git, by its command line, asked in a way that no repository can turn against us."""

from collections.abc import Callable, Mapping
from pathlib import Path

from resources.executors import LocalExecutor, Script
from resources.executors.executor import unheard
from resources.executors.local import INHERITED

CREDENTIALS_AND_PROXIES = (
    "SSH_AUTH_SOCK",
    "GIT_SSH_COMMAND",
    "GIT_ASKPASS",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
)

SETTINGS = {
    "protocol.ext.allow": "never",
    "core.hooksPath": "/dev/null",
    "core.symlinks": "false",
    "gc.auto": "0",
    "advice.detachedHead": "false",
}
"""No command runs on behalf of a repository, and no tree leads out of itself."""


async def git(
    directory: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    stdin: str = "",
    on_output: Callable[[str], None] = unheard,
) -> str:
    """Run git on the repository in `directory`, and answer what it printed.

    It never asks for a password. Raises `ScriptFailed` where it ends in failure.
    """
    executor = LocalExecutor(inherits=INHERITED + CREDENTIALS_AND_PROXIES)
    script = Script(
        argv=("git", *arguments),
        stdin=stdin,
        environment={
            "GIT_DIR": str(directory),
            "GIT_TERMINAL_PROMPT": "0",
            **_settings(),
            **(environment or {}),
        },
    )
    return (await executor.execute(script, on_output)).output


def _settings() -> dict[str, str]:
    named = {"GIT_CONFIG_COUNT": str(len(SETTINGS))}
    for number, (key, value) in enumerate(SETTINGS.items()):
        named |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return named
