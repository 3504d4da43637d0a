"""One database: many readers, one writer, and their threads."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Executable
from sqlmodel import Session

from bot.store.commits import Item, Together
from bot.store.failures import patiently
from bot.store.opening import new_engine, session_parameters
from bot.store.writer import Writer

T = TypeVar("T")

READERS = 4


class Database:
    """The store of one process, to be used as an async context.

    `read` and `write` take plain functions of a `Session` and run them off the event loop. One
    that reads may be called again where the connection was cut.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = new_engine(url, READERS)
        self._writer = Writer(self.engine)
        # Threads of its own: what authors run in threads must not keep the engine waiting.
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        alone: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"}
        together: dict[str, Any] = {
            "isolation_level": "REPEATABLE READ",
            "postgresql_readonly": True,
        }
        if self.is_sqlite:
            # There all statements of a transaction see one state, and one alone needs none.
            alone, together = {"orbits_alone": True}, {}
        self._one_statement = self.engine.execution_options(**alone)
        self._one_state = self.engine.execution_options(**together)

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
        reading = partial(patiently, partial(self._read, work))
        return await asyncio.get_running_loop().run_in_executor(self._readers, reading)

    async def ask(self, question: Executable, values: Mapping[str, Any]) -> list[Any]:
        """Answer all rows of one statement that only reads.

        It costs a third of a session: on PostgreSQL it is one round trip and not three.
        """
        asking = partial(patiently, partial(self._ask, question, values))
        return await asyncio.get_running_loop().run_in_executor(self._readers, asking)

    async def write(self, work: Callable[[Session], T]) -> T:
        """Carry out `work` in one transaction; when this returns, it is durable."""
        return await self._writer.write(work)

    def write_together(
        self, together: Together[Item], item: Item, *, in_one_statement: bool = False
    ) -> "asyncio.Future[Any]":
        """Write `item` in one call with all that wait for the same `together`, durably.

        `in_one_statement`: that is all that `together` needs, and it may do so twice.
        """
        return self._writer.write_together(together, item, in_one_statement=in_one_statement)

    def session_parameters(self, **settings: str) -> dict[str, Any]:
        """Answer how psycopg opens a session of its own here, with those settings."""
        return session_parameters(self.engine, **settings)

    def _ask(self, question: Executable, values: Mapping[str, Any]) -> list[Any]:
        with self._one_statement.connect() as connection:
            return list(connection.execute(question, values))

    def _read(self, work: Callable[[Session], T]) -> T:
        with Session(self._one_state, expire_on_commit=False) as session:
            return work(session)
