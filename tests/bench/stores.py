"""Where a benchmark writes: an empty SQLite file or an empty PostgreSQL database a round."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from bot.store.database import Database
from bot.store.schema import upgrade
from tests.bench.measuring import NotAvailable
from tests.bench.postgres import PostgresServer

DISK = Path("build/bench")
"""On the disk of the checkout: a temporary folder may be memory, where nothing is durable."""


class Store(Protocol):
    """A kind of database."""

    name: str

    def empty(self) -> str:
        """Answer the address of a new database without tables; raises `NotAvailable`."""

    def drop(self, url: str) -> None:
        """Forget a database."""


class SqliteStore:
    """Files in one folder, with the settings that `Database` gives them."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()

    def empty(self) -> str:
        folder = self._folder / str(next(self._numbers))
        folder.mkdir(parents=True)
        return f"sqlite:///{folder / 'bench.db'}"

    def drop(self, url: str) -> None:
        shutil.rmtree(Path(url.removeprefix("sqlite:///")).parent)


class PostgresStore:
    """Databases of one server, which is started when the first one is asked for."""

    name = "PostgreSQL"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._server: PostgresServer | None = None
        self._problem: NotAvailable | None = None

    def empty(self) -> str:
        server = self._started()
        name = f"bench_{next(self._numbers)}"
        server.sql(f"CREATE DATABASE {name}")
        return server.url(name)

    def drop(self, url: str) -> None:
        name = url.partition("?")[0].rpartition("/")[2]
        self._started().sql(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()

    def _started(self) -> PostgresServer:
        if self._problem is not None:
            raise self._problem
        if self._server is None:
            try:
                self._server = PostgresServer(self._folder)
                self._server.start()
            except NotAvailable as problem:
                self.stop()
                self._problem = problem
                raise
        return self._server


@contextmanager
def both_stores() -> Iterator[tuple[Store, Store]]:
    """Offer SQLite and PostgreSQL, and leave nothing of them behind."""
    DISK.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=DISK.resolve(), ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        postgres = PostgresStore(folder / "postgres")
        try:
            yield SqliteStore(folder / "sqlite"), postgres
        finally:
            postgres.stop()


@contextmanager
def empty(store: Store) -> Iterator[str]:
    """Offer a database without tables for one round."""
    url = store.empty()
    try:
        yield url
    finally:
        store.drop(url)


@contextmanager
def migrated(store: Store) -> Iterator[str]:
    """Offer a database with the tables of this release for one round."""
    with empty(store) as url:
        database = Database(url)
        try:
            upgrade(database.engine)
        finally:
            database.engine.dispose()
        yield url
