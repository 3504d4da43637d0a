"""Whose turn it is to be looked at: evenly spread over the interval by identity. Pure.

Everybody has a place of its own in each interval, which is told by its name alone. So many
thousands make no stampede, after a restart everybody keeps its place, and places that were missed
are one look when there is room again.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

USUAL = timedelta(hours=1)
"""How often a stack is looked at whose class could not be asked."""

SOON = timedelta(minutes=3)
"""Within so long after a deployment, whoever was not looked at because of it is looked at."""

_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_BITS = 64


def phase_of(identity: str, every: timedelta) -> timedelta:
    """Answer how long after the beginning of each interval the place of an identity is."""
    drawn = int.from_bytes(sha256(identity.encode()).digest()[: _BITS // 8], "big")
    return (drawn * (every // _TICK) >> _BITS) * _TICK


def next_slot(identity: str, every: timedelta, now: datetime) -> datetime:
    """Answer the first moment later than `now` in which it is an identity's turn."""
    since = (now - _FIRST - phase_of(identity, every)) % every
    return now - since + every


def soon(identity: str, every: timedelta, now: datetime) -> datetime:
    """Answer when to look at what could not be looked at: in minutes, and not all at once."""
    return min(now + SOON + phase_of(identity, SOON), next_slot(identity, every, now))
