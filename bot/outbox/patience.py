"""After a write that was not taken: when it is tried again, or that it is given up."""

from datetime import timedelta

from bot.failures import DoorFailed

FIRST_WAIT = timedelta(seconds=30)
PASSING_WAIT = timedelta(minutes=5)
REFUSED_WAIT = timedelta(hours=6)
PASSING_ATTEMPTS = 300
"""A day of trying while GitHub has a problem of its own."""

REFUSED_ATTEMPTS = 14
"""More than a day: an App may be suspended, or lack a permission, until somebody mends it."""

SAID_AFTER = 3
"""So many attempts fail before it is said elsewhere that something could not be written."""


def may_be_done(error: Exception) -> bool:
    """Answer whether a write that failed so may have been carried out all the same."""
    if not isinstance(error, DoorFailed):
        return True
    return error.status is None or not 400 <= error.status < 500


def next_try(error: Exception, attempts: int, refusals: int) -> timedelta | None:
    """Answer how long to wait after so many attempts that failed; `None`: to give it up.

    What cannot be done just now is tried for a day. What is refused is tried up to `refusals`
    times, ever more seldom, and not at all where that would be futile.
    """
    failed = error if isinstance(error, DoorFailed) else None
    if failed and failed.futile:
        return None
    passing = bool(failed and (failed.passing or failed.status == 401))
    if attempts >= (PASSING_ATTEMPTS if passing else refusals):
        return None
    longest = PASSING_WAIT if passing else REFUSED_WAIT
    return min(FIRST_WAIT * (1 << min(attempts - 1, 12)), longest)
