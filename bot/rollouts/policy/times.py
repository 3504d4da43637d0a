"""The days, clock times and zones that freezes are written in."""

import re
from datetime import datetime, time
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from bot.report.suggestions import closest, in_code
from bot.rollouts.policy.phrases import instead, quoted

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIRST_YEAR, LAST_YEAR = 2000, 2200

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?")
_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2})?")
_T = TypeVar("_T", datetime, time)


def zone(value: object) -> ZoneInfo:
    """Read a time zone; raises `ValueError` worded to follow its key."""
    if not isinstance(value, str) or value not in _zones():
        near = closest(value[:60], _zones()) if isinstance(value, str) else None
        hint = f" Did you mean {in_code(near)}?" if near else ""
        raise ValueError(
            f'is {quoted(value)}, which is no time zone: write such as `"Europe/Berlin"`.{hint}'
        )
    return ZoneInfo(value)


def day(value: object) -> str:
    """Read the name of a day; raises `ValueError` worded to follow its key."""
    if not isinstance(value, str) or value not in DAYS:
        raise ValueError(f"is {quoted(value)}, which is no day.{instead(value, DAYS)}")
    return value


def local_moment(value: object) -> datetime:
    """Read a day and a time without a zone; raises `ValueError` worded to follow its key."""
    found = _typed(value, datetime, _MOMENT)
    if found is None:
        raise ValueError(
            f'is {quoted(value)}, which is no day and time: write such as `"2026-12-20T18:00"`, '
            "or name `days` for a freeze of each week."
        )
    if found.tzinfo is not None:
        raise ValueError(f"is {quoted(value)}: leave the offset out, `zone` tells it.")
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueError(
            f"is {quoted(value)}, which is not in the years {FIRST_YEAR} to {LAST_YEAR}."
        )
    return found


def clock_time(value: object) -> time:
    """Read a time of day; raises `ValueError` worded to follow its key."""
    found = _typed(value, time, _CLOCK)
    if found is None:
        raise ValueError(
            f'is {quoted(value)}, which is no time of day: write such as `"16:00"`, '
            "or leave `days` out for a freeze that comes once."
        )
    return found


def clock_time_or_midnight(value: object) -> time:
    """Read a time of day, of which 24:00 is the end; raises `ValueError` as `clock_time` does."""
    return time() if value == "24:00" else clock_time(value)


def _typed(value: object, kind: type[_T], form: re.Pattern[str]) -> _T | None:
    """Answer a time that TOML knows itself, or one in quotes; `None` where it is neither."""
    if isinstance(value, kind):
        return value
    if not isinstance(value, str) or not form.fullmatch(value):
        return None
    try:
        return kind.fromisoformat(value)
    except ValueError:
        return None


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    """Answer the zones of places, and UTC.

    A name such as `EST` is left out: it is a zone that never changes its clocks, and who writes
    it mostly means one that does.
    """
    return frozenset(zone for zone in available_timezones() if "/" in zone) | {"UTC"}
