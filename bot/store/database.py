"""One database: many readers, one writer, and what each kind of database needs to be durable."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlmodel import Session

from bot.store.writer import Item, Together, Writer

T = TypeVar("T")

READERS = 4

SQLITE_SETTINGS = (
    "PRAGMA journal_mode=WAL",
    # FULL: a commit is on the disk before it is answered, even if the power goes.
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=10000",
    "PRAGMA foreign_keys=ON",
)


class Database:
    """The store of one process, to be used as an async context.

    `read` and `write` take plain functions of a `Session` and run them off the event loop.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self._writer = Writer(self.engine)
        # Threads of its own: what authors run in threads must not keep the engine waiting.
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file that only this machine can use."""
        return self.engine.dialect.name == "sqlite"

    @property
    def name(self) -> str:
        """The address without its password, for people and logs."""
        return self.engine.url.render_as_string(hide_password=True)

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database, `None` on any other."""
        database = self.engine.url.database
        return Path(database) if self.is_sqlite and database else None

    async def __aenter__(self) -> Self:
        """Start the writer."""
        self._writer.start()
        return self

    async def __aexit__(self, *problem: object) -> None:
        """Write what waits and let go of the database."""
        await self._writer.close()
        await asyncio.to_thread(self._readers.shutdown)
        self.engine.dispose()

    async def read(self, work: Callable[[Session], T]) -> T:
        """Answer what `work` reads, in a session that sees one state of the database."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    async def write(self, work: Callable[[Session], T]) -> T:
        """Carry out `work` in one transaction; when this returns, it is durable."""
        return await self._writer.write(work)

    async def write_together(self, together: Together[Item], item: Item) -> Any:
        """Write `item` in one call with all that wait for the same `together`, durably."""
        return await self._writer.write_together(together, item)

    def _read(self, work: Callable[[Session], T]) -> T:
        with Session(self.engine, expire_on_commit=False) as session:
            return work(session)


def _engine(url: str) -> Engine:
    engine = create_engine(_with_driver(url))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _with_driver(url: str) -> str:
    """Answer the address with the driver that we use: psycopg 3 for PostgreSQL."""
    parsed = make_url(url)
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed.render_as_string(hide_password=False)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # pysqlite's own transactions begin late and end early; ours are explicit.
    connection.isolation_level = None
    for setting in SQLITE_SETTINGS:
        connection.execute(setting)


def _begin_sqlite(connection: Connection) -> None:
    # A reader takes a snapshot; the one writer takes the lock at once, so it never has to upgrade.
    writes = connection.get_execution_options().get("orbits_writer", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
