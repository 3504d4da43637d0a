"""The writer's line to the database: one connection, opened anew when it was cut.

PostgreSQL gives each transaction a number. Where the answer to a commit is lost with the line,
the number tells afterwards what became of it: what is told as failed has failed.
"""

import contextlib
import select
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine, RootTransaction, text
from sqlalchemy.exc import OperationalError

from bot.store.failures import PAUSES_SECONDS, TransactionLost, is_away, patiently

T = TypeVar("T")

# One round trip for both: the driver would send a BEGIN of its own before the first statement.
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_current_xact_id()::text, pg_backend_pid()"
# Somebody may have made it the default of the role or the database not to wait for the disk.
_DURABLE = text(
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'"
)
_OUTCOME = text("SELECT pg_xact_status(CAST(:number AS xid8))")
_END_SESSION = text("SELECT pg_terminate_backend(:server_process)")


class _Stamp(NamedTuple):
    """Which transaction of PostgreSQL it is, and which process of the server carries it out."""

    number: str
    server_process: int


class _Transaction(NamedTuple):
    """A transaction that has begun, or begins with its one statement where it is `unspoken`."""

    root: RootTransaction
    stamp: _Stamp | None
    unspoken: bool


class Line:
    """The one connection that writes; used by one thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._on_postgresql = engine.dialect.name == "postgresql"
        self._connection: Connection | None = None
        self._transaction: _Transaction | None = None
        self.was_cut = False
        """Whether the last transaction was lost because its connection was."""

    def begin(self, *, unspoken: bool = False) -> None:
        """Begin a transaction, waiting some seconds for a server that restarts.

        An `unspoken` one is for a single statement, of which PostgreSQL makes a transaction by
        itself: that saves two round trips. Where its answer is lost, it counts as failed.
        Raises what SQLAlchemy raises of a database that cannot be reached.
        """
        self._transaction = patiently(partial(self._begun, unspoken=unspoken))
        self.was_cut = False

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            if self._on_postgresql:
                connection.invalidate()
            connection.close()

    def commit(self, write: Callable[[Connection], T]) -> T:
        """Carry out `write` in one transaction; when this returns, it is durable.

        Where it raises, nothing was written; `was_cut` tells whether the connection was lost.
        """
        transaction, self._transaction = self._transaction, None
        if transaction is None:
            raise RuntimeError("no transaction was begun")
        try:
            answer = write(transaction.root.connection)
            if not transaction.unspoken:
                _demand_transaction(transaction.root.connection)
        except BaseException as error:
            self._roll_back(transaction, error)
            raise
        try:
            transaction.root.commit()
        except BaseException as error:
            self._roll_back(transaction, error)
            if not self.was_cut or not self._was_committed(transaction.stamp, error):
                raise
        return answer

    def _begun(self, *, unspoken: bool) -> _Transaction:
        connection = self._connected()
        begun = _Transaction(connection.begin(), None, unspoken and self._on_postgresql)
        if begun.unspoken or not self._on_postgresql:
            return begun
        try:
            return begun._replace(stamp=self._stamped(connection))
        except BaseException as error:
            self._roll_back(begun, error)
            raise

    def _connected(self) -> Connection:
        """Answer the connection, or a new one where it was cut."""
        if self._connection is not None and self._on_postgresql and _is_cut(self._connection):
            self.close()
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> Connection:
        connection = self._engine.connect().execution_options(orbits_writer=True)
        if self._on_postgresql:
            raw: Any = connection.connection.driver_connection
            # We say when a transaction begins.
            raw.autocommit = True
            with connection.begin():
                connection.execute(_DURABLE)
        return connection

    def _stamped(self, connection: Connection) -> _Stamp:
        """Begin the transaction on PostgreSQL, and answer which one it is."""
        raw: Any = connection.connection.driver_connection
        dbapi: Any = self._engine.dialect.loaded_dbapi
        try:
            answers = raw.execute(_BEGIN, prepare=False)
            answers.nextset()
            return _Stamp(*answers.fetchone())
        except dbapi.Error as error:
            raise OperationalError("BEGIN", None, error) from error

    def _roll_back(self, transaction: _Transaction, error: BaseException) -> None:
        """Leave no transaction open: one whose commit failed may be; close a line that is cut."""
        connection = transaction.root.connection
        with contextlib.suppress(Exception):
            transaction.root.rollback()
        try:
            cut = is_away(error) or connection.invalidated
            raw: Any = None if cut else connection.connection.driver_connection
            cut = cut or bool(getattr(raw, "closed", False))
            if not cut:
                raw.rollback()
        except Exception:  # noqa: BLE001 (whatever it is: this connection is of no use)
            cut = True
        if cut:
            self.was_cut = True
            self.close()

    def _was_committed(self, stamp: _Stamp | None, error: BaseException) -> bool:
        """Answer what became of a commit whose answer was lost, asking on a new connection."""
        if stamp is None:
            return False
        for pause in PAUSES_SECONDS:
            outcome = self._ask(_OUTCOME, number=stamp.number)
            if outcome != "in progress":
                return outcome == "committed"
            # The server has not noticed yet that nobody is there.
            self._ask(_END_SESSION, server_process=stamp.server_process)
            time.sleep(pause)
        raise TransactionLost("what became of a commit could not be found out") from error

    def _ask(self, question: Any, **parameters: object) -> object:
        connection = patiently(self._connected)
        with connection.begin():
            return connection.execute(question, parameters).scalar()


def _is_cut(connection: Connection) -> bool:
    """Answer whether the server has hung up on an idle connection, without asking it.

    A server that says something unasked says goodbye.
    """
    raw: Any = connection.connection.driver_connection
    if raw.closed:
        return True
    poll = select.poll()
    poll.register(raw.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _demand_transaction(connection: Connection) -> None:
    """Raise where what was written is gone already, and a commit would say nothing of it.

    SQLite rolls back by itself on a full disk. PostgreSQL does after any error, and answers
    a COMMIT as if all were well.
    """
    if not connection.invalidated:
        raw: Any = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":
            stands = raw.in_transaction
        else:
            stands = raw.info.transaction_status.name == "INTRANS"
        if stands:
            return
    raise TransactionLost("the database has rolled back what was written")
