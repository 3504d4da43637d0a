"""How each kind of database is opened: durable, in UTC, and so that nothing waits for ever."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

SQLITE_SETTINGS = (
    "PRAGMA journal_mode=WAL",
    # FULL: a commit is on the disk before it is answered, even if the power goes.
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=10000",
    "PRAGMA foreign_keys=ON",
)

# How long is waited for a server that says nothing. The address itself may name other values.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
POSTGRESQL_PARAMETERS = {
    "application_name": "orbits",
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
    # After a failover: not the server that was demoted.
    "target_session_attrs": "read-write",
}
# A process that was stopped within a transaction loses it before others give up waiting for it.
POSTGRESQL_SETTINGS = {
    "timezone": "UTC",
    "statement_timeout": "30s",
    "lock_timeout": "15s",
    "idle_in_transaction_session_timeout": "10s",
}


def new_engine(url: str, readers: int) -> Engine:
    """Answer the way to a database, for one writer and so many readers."""
    parsed = _with_driver(make_url(url))
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(parsed, pool_size=readers + 1, connect_args=_more_parameters(parsed))


def session_parameters(engine: Engine, **settings: str) -> dict[str, Any]:
    """Answer what psycopg needs for a session of its own beside the engine's connections."""
    given = engine.dialect.create_connect_args(engine.url)[1]
    return dict(given) | _more_parameters(engine.url, settings)


def _with_driver(url: URL) -> URL:
    """Answer the address with the driver that we use: psycopg 3 for PostgreSQL."""
    if url.drivername in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    return url


def _more_parameters(url: URL, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Answer what the address leaves open, and our settings before those that it names."""
    parameters = {
        name: value for name, value in POSTGRESQL_PARAMETERS.items() if name not in url.query
    }
    settings = POSTGRESQL_SETTINGS | dict(more or {})
    options = [f"-c {name}={value}" for name, value in settings.items()]
    named = url.query.get("options", ())
    options += [named] if isinstance(named, str) else named
    return parameters | {"options": " ".join(options)}


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # pysqlite's own transactions begin late and end early; ours are explicit.
    connection.isolation_level = None
    for setting in SQLITE_SETTINGS:
        connection.execute(setting)


def _begin_sqlite(connection: Connection) -> None:
    # A reader takes a snapshot; the one writer takes the lock at once, so it never has to upgrade.
    options = connection.get_execution_options()
    if not options.get("orbits_alone", False):
        writes = options.get("orbits_writer", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
