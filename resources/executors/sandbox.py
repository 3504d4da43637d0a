"""Scripts on the bot's machine that see little of it, by bubblewrap."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path

from resources.executors.executor import Executor, unheard
from resources.executors.failures import ended_as_told, not_started
from resources.executors.processes import (
    Surroundings,
    carry_out,
    inherited,
    no_folder,
    no_program,
)
from resources.executors.run_folder import put_files, run_folder, with_outputs
from resources.executors.script import Script, ScriptResult

INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ")
HOME = Path("/home/orbits")

PROGRAMS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/nix/store")
_OF_ETC = (
    *("alternatives", "ca-certificates", "group", "hosts", "ld.so.cache", "ld.so.conf"),
    *("ld.so.conf.d", "localtime", "nsswitch.conf", "passwd", "pki", "protocols", "resolv.conf"),
    *("services", "ssl", "timezone"),
)
NAMES = (*(f"/etc/{name}" for name in _OF_ETC), "/run/systemd/resolve")
"""Where names of hosts, users and certificates are looked up; the rest of /etc has secrets."""

ALONE = (
    *("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
    *("--proc", "/proc", "--dev", "/dev"),
)

_SAYS = "bwrap: "
_INSTALL = "Install it, on Debian with `apt install bubblewrap`, or use a LocalExecutor."


class SandboxExecutor(Executor):
    """Runs a script on this machine where it sees programs, its folder, and nothing else of it.

        executor = SandboxExecutor(environment={"STAGE": "production"})
        result = await executor.execute(Script(argv=("sh", "-c", "echo $STAGE; ls /home")))
        assert result.output == "production\\norbits\\n"

    It may write to its `cwd`, to the folders in `writable`, and to a HOME and a /tmp of its
    own that are gone afterwards; without a `cwd` it runs in that HOME. It may read what is
    installed, the Python of the bot (the last on its PATH), and what is in `readable`. It has
    the machine's network, unless told otherwise. All that it started ends with it, however it
    tried to escape.
    """

    cwd: Path | None = None
    environment: Mapping[str, str] = {}
    inherits: tuple[str, ...] = INHERITED
    writable: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    network: bool = True
    grace: timedelta = timedelta(seconds=5)

    async def execute(
        self, script: Script, on_output: Callable[[str], None] = unheard
    ) -> ScriptResult:
        """Run the script in namespaces of its own; see `Executor.execute`."""
        program = shutil.which("bwrap")
        if program is None:
            raise not_started(script, f"there is no program `bwrap` for its sandbox. {_INSTALL}")
        cwd = None if script.has_folder else script.cwd or self.cwd
        for folder in (cwd, *self.writable):
            if folder is not None and not folder.is_dir():
                raise no_folder(script, folder)
        async with run_folder() as own:
            home = own / "home"
            await put_files(own, {f"home/{path}": file for path, file in script.files.items()})
            for folder in (home, own / "tmp"):
                folder.mkdir(exist_ok=True)
            given = Surroundings(
                cwd=None,
                environment={**self._given(), **self.environment, **script.environment},
                grace=self.grace,
                through=(program, *self._options(own, cwd)),
            )
            status, printed = await carry_out(script, on_output, given)
            if status:
                self._refuse_no_sandbox(script, printed)
                raise ended_as_told(script, status, printed)
            return await with_outputs(script, home, printed)

    def _given(self) -> dict[str, str]:
        given = inherited(self.inherits)
        # One in a home folder is not seen from inside, and scripts count on a `python3`.
        path = [*filter(None, [given.get("PATH")]), str(Path(sys.prefix) / "bin")]
        return {**given, "PATH": os.pathsep.join(path), "HOME": str(HOME)}

    def _options(self, own: Path, cwd: Path | None) -> Iterator[str]:
        yield from ALONE
        if self.network:
            yield "--share-net"
        yield from ("--bind", str(own / "tmp"), "/tmp")  # noqa: S108 (the sandbox's own)
        yield from ("--bind", str(own / "home"), str(HOME))
        ours = (sys.base_prefix, sys.prefix)
        for path in (*PROGRAMS, *NAMES, *ours, *(str(path.absolute()) for path in self.readable)):
            yield from ("--ro-bind-try", path, path)
        for folder in (*self.writable, *([] if cwd is None else [cwd])):
            yield from ("--bind", str(folder.absolute()), str(folder.absolute()))
        yield from ("--remount-ro", "/")
        yield from ("--chdir", str(HOME if cwd is None else cwd.absolute()), "--")

    def _refuse_no_sandbox(self, script: Script, printed: ScriptResult) -> None:
        """Raise where it was bubblewrap that failed, and not the script."""
        said = printed.output.strip()
        if not said.startswith(_SAYS) or "\n" in said:
            return
        if said == f"{_SAYS}execvp {script.argv[0]}: No such file or directory":
            raise no_program(script)
        raise not_started(
            script,
            f"bubblewrap said: {said.removeprefix(_SAYS)}. Let it make its namespaces (user "
            "namespaces must be allowed on this machine), or use a LocalExecutor.",
        )


def sandbox_works() -> bool:
    """Answer whether bubblewrap is installed, and may do on this machine what it is for."""
    program = shutil.which("bwrap")
    return program is not None and _makes_a_sandbox(program)


@cache
def _makes_a_sandbox(program: str) -> bool:
    """Try it, once in a process: containers and some distributions forbid it."""
    tried = subprocess.run(
        [program, *ALONE, "--share-net", "--ro-bind", "/", "/", "true"],
        capture_output=True,
        check=False,
    )
    return tried.returncode == 0
