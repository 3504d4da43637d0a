"""Slack's rate limits by the injected clock; enforced only when switched on."""

import math
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.simulated.slack.refusals import rate_limited

_MINUTE = timedelta(minutes=1)
TIERS = {2: 20, 3: 50, 4: 100}
"""How many calls a minute an app may make of one method: api.slack.com/apis/rate-limits."""


class RateLimits:
    """The tiers of methods, and one message a second for each channel.

    Slack says that short bursts of messages are allowed and not how long they may be: `burst`
    of them are, and then one a second, which also refills the burst.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._calls: dict[tuple[str, str], deque[datetime]] = {}
        self._free_at: dict[tuple[str, str], datetime] = {}
        self.enabled = False
        self.burst = 5
        self.message_every = timedelta(seconds=1)

    def count_call(self, app: str, method: str, tier: int | None) -> None:
        """Count a call of a method; refused, and not counted, if it is one too many."""
        if not self.enabled or tier is None:
            return
        now = self._clock()
        calls = self._calls.setdefault((app, method), deque())
        while calls and calls[0] <= now - _MINUTE:
            calls.popleft()
        if len(calls) >= TIERS[tier]:
            raise rate_limited(_seconds(calls[0] + _MINUTE - now))
        calls.append(now)

    def count_message(self, app: str, channel: str) -> None:
        """Count a message to a channel; refused, and not counted, if it is one too many."""
        if not self.enabled:
            return
        now = self._clock()
        free_at = max(now, self._free_at.get((app, channel), now))
        early = free_at - now - self.message_every * (self.burst - 1)
        if early > timedelta(0):
            raise rate_limited(_seconds(early))
        self._free_at[app, channel] = free_at + self.message_every


def _seconds(wait: timedelta) -> int:
    return max(1, math.ceil(wait.total_seconds()))
