"""What a failure of the database means: it is away, two were in each other's way, or neither."""

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

T = TypeVar("T")

PAUSES_SECONDS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""How long is waited before each further attempt to reach a database that is away."""

PATIENCE_SECONDS = 10.0
"""After this no further attempt is made, however few there were."""

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_AWAY = {
    "25006",  # the server was demoted: it only answers reads now
    "25P03",  # idle_in_transaction_session_timeout
    "57P01",  # the server is stopped, or somebody ended the session
    "57P02",  # another of the server's processes crashed
    "57P03",  # the server is starting, or recovers
    "57P05",  # idle_session_timeout
}
_CONFLICTS = {"40001", "40P01"}  # not serializable; a deadlock


class TransactionLost(SQLAlchemyError):
    """The database has taken back what was written: its disk was full, or the connection cut."""


def is_away(error: BaseException) -> bool:
    """Answer whether the database could not be reached, or hung up; another try may succeed."""
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlstate", "no PostgreSQL")
    if code is None:
        # Not the server's words but the driver's: it found nobody, or lost them.
        return isinstance(error, OperationalError)
    return code in _AWAY or str(code).startswith("08")


def is_conflict(error: BaseException) -> bool:
    """Answer whether two transactions were in each other's way; one may well succeed later."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _CONFLICTS


def patiently(work: Callable[[], T]) -> T:
    """Answer what `work` answers, doing it again for some seconds while the database is away."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    for pause in PAUSES_SECONDS:
        try:
            return work()
        except DBAPIError as error:
            if not is_away(error) or time.monotonic() + pause > give_up_at:
                raise
        time.sleep(pause)
    return work()
