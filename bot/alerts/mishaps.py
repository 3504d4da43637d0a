"""Errors that nobody foresaw, heard of as they are logged: their kind and place, never a value."""

import contextlib
import sys
import traceback
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import structlog
from sqlalchemy import delete
from sqlmodel import Session, col

from bot.outbox.announcement import announce
from bot.store.tables import Mishap

MOST_WAITING = 1_000
KEPT = timedelta(days=30)
ROOT = Path(__file__).parents[2]


class Heard(NamedTuple):
    """One error: what was logged, the class of what was raised, and a line of our code."""

    kind: str
    what: str
    where: str


class Mishaps:
    """Hears of what is logged as an error, in any thread, until somebody notes it."""

    def __init__(self) -> None:
        self._heard: deque[Heard] = deque(maxlen=MOST_WAITING)

    def __call__(
        self, logger: Any, method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        """Look at what is about to be logged, and leave it as it is."""
        del logger
        if method in {"error", "exception", "critical"}:
            self._heard.append(_heard(str(event.get("event", "")), event.get("exc_info")))
        return event

    def take(self) -> list[Heard]:
        """Answer what was heard of since the last time."""
        taken = []
        while self._heard:
            taken.append(self._heard.popleft())
        return taken

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Hear of what is logged."""
        # In place: a logger that was used before goes on with the list that it has.
        processors = structlog.get_config()["processors"]
        processors.insert(0, self)
        try:
            yield
        finally:
            if self in processors:
                processors.remove(self)


def note(heard: Sequence[Heard], now: datetime, session: Session) -> None:
    """Count errors by their kind and hour, and announce each of these."""
    hour = f"{now:%Y-%m-%dT%H}"
    places = {each.kind: each for each in heard}
    for kind, times in sorted(Counter(each.kind for each in heard).items()):
        row = session.get(Mishap, (kind, hour))
        if row is None:
            row = Mishap(kind=kind, hour=hour, what="", where="", first_at=now, last_at=now)
        row.what, row.where = places[kind].what, places[kind].where
        row.times += times
        row.last_at = now
        session.add(row)
        session.flush()
        announce(session, f"bot/{kind}", f"bot-alert:{kind}")
    session.connection().execute(delete(Mishap).where(col(Mishap.last_at) < now - KEPT))


def _heard(kind: str, info: Any) -> Heard:
    error = _error(info)
    what = type(error).__name__ if error else ""
    return Heard(kind[:80], what, _place(error.__traceback__) if error else "")


def _error(info: Any) -> BaseException | None:
    if isinstance(info, BaseException):
        return info
    found = info[1] if isinstance(info, tuple) else sys.exc_info()[1] if info else None
    return found if isinstance(found, BaseException) else None


def _place(trace: TracebackType | None) -> str:
    """Answer the innermost line that is ours."""
    ours = ""
    for frame, line in traceback.walk_tb(trace):
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT) and ".venv" not in path.parts:
            ours = f"{path.relative_to(ROOT)}, line {line}"
    return ours
