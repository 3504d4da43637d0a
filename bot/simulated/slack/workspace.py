"""The ground that everything stands on: the clock, the ids, the address, who is who."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Member:
    """Somebody who can write: a person, or the bot user of an app, which has a `bot_id`."""

    id: str
    name: str
    bot_id: str = ""
    app_id: str = ""

    @property
    def is_bot(self) -> bool:
        """Say whether an app speaks here."""
        return bool(self.bot_id)


class Workspace:
    """What all parts of one simulated Slack share; nothing here knows of channels."""

    def __init__(self, name: str, clock: Callable[[], datetime] | None, address: str) -> None:
        self.name = name
        self.address = address
        self.members: dict[str, Member] = {}
        self._clock = clock
        self._ids = itertools.count(1001)
        self._last_stamp = 0
        self.id = self.new_id("T")

    def now(self) -> datetime:
        """Return the time in UTC, by the injected clock."""
        return self._clock().astimezone(UTC) if self._clock else datetime.now(UTC)

    def new_id(self, kind: str) -> str:
        """Return an id that nothing else has; its first letter says of what it is."""
        return f"{kind}{next(self._ids):08d}"

    def new_ts(self) -> str:
        """Return the time as Slack stamps messages with it, never the same twice.

        A `ts` names a message within its channel (api.slack.com/messaging/retrieving).
        """
        now = (self.now() - _EPOCH) // _MICROSECOND
        self._last_stamp = max(now, self._last_stamp + 1)
        return f"{self._last_stamp // 1_000_000}.{self._last_stamp % 1_000_000:06d}"

    def member(self, member_id: str) -> Member | None:
        """Return whom an id names."""
        return self.members.get(member_id)

    def enter(self, member: Member) -> Member:
        """Take somebody in."""
        self.members[member.id] = member
        return member


def moment_of(ts: str) -> datetime:
    """Return the time that a message was stamped with."""
    return _EPOCH + micros_of(ts) * _MICROSECOND


def micros_of(ts: str) -> int:
    """Return a stamp as a number that sorts; ValueError for what is no stamp."""
    seconds, _, micros = ts.partition(".")
    return int(seconds) * 1_000_000 + int(micros.ljust(6, "0")[:6] or "0")
