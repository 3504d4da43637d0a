"""What may stand after an option: texts, commits, days and spans of time."""

import re
from datetime import date, timedelta

from bot.commands.verb import Value
from bot.commands.words import with_hyphens
from bot.report.suggestions import closest, in_code
from resources.errors import Refused

LAST_GOOD = "last-good"
"""The newest revision that succeeded on each tenant, instead of a commit."""

Until = date | timedelta
"""The day (UTC) with whose beginning something ends, or how long it lasts."""

_SHA = re.compile(r"[0-9a-f]{7,40}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SPAN = re.compile(r"([0-9]{1,4})([mhdw])")
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def read_value(name: str, value: Value, text: str) -> str | Until:
    """Read the value of an option; raises `Refused` with what it may be."""
    match value:
        case Value.TIME:
            return _until(name, text)
        case Value.SHA | Value.REVISION:
            return _commit(name, text, or_last_good=value is Value.REVISION)
        case _ if not text:
            raise Refused(
                f"{in_code(name)} is given an empty text. Say something, or leave it out."
            )
    return text


def written(value: str | Until) -> str:
    """Write a value so that it is read as the same."""
    if isinstance(value, timedelta):
        unit = next(u for u in ("d", "h", "m") if not value % _UNITS[u])
        return f"{value // _UNITS[unit]}{unit}"
    return value.isoformat() if isinstance(value, date) else value


def _until(name: str, text: str) -> Until:
    plain = with_hyphens(text).lower()
    span = _SPAN.fullmatch(plain)
    if span and int(span[1]):
        return int(span[1]) * _UNITS[span[2]]
    if _DAY.fullmatch(plain):
        try:
            return date.fromisoformat(plain)
        except ValueError:
            pass
    raise Refused(
        f"{in_code(name)} takes a day such as `2026-12-01`, or a span such as `90m`, `2h`, `3d` or "
        f"`1w`; {in_code(text)} is neither."
    )


def _commit(name: str, text: str, *, or_last_good: bool) -> str:
    plain = with_hyphens(text).lower()
    if _SHA.fullmatch(plain) or (or_last_good and plain == LAST_GOOD):
        return plain
    known = [LAST_GOOD] if or_last_good else []
    meant = closest(plain, known)
    guess = f" Did you mean {in_code(meant)}?" if meant else ""
    others = f", or {in_code(LAST_GOOD)}" if or_last_good else ""
    raise Refused(
        f"{in_code(name)} takes 7 to 40 characters of a commit's sha{others}; {in_code(text)} is "
        f"not that.{guess}"
    )
