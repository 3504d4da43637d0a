"""A session with PostgreSQL of one's own, on the event loop: to listen, or to hold a lock."""

from typing import Any

from psycopg import AsyncConnection

from bot.store.database import Database


async def open_session(
    database: Database, purpose: str, **settings: str
) -> AsyncConnection[tuple[Any, ...]]:
    """Open a session with those settings of the server, to be closed by whoever asked for it.

    What it is for is seen in `pg_stat_activity`. Raises `psycopg.OperationalError`.
    """
    parameters = database.session_parameters(**settings)
    parameters["application_name"] = f"{parameters['application_name']} {purpose}"
    return await AsyncConnection.connect(autocommit=True, **parameters)
