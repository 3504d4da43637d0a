"""GitHub's rate limits by the injected clock: counted always, enforced only when switched on."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.simulated.github.refusals import GitHubRefused

_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)


@dataclass
class _Usage:
    window_ends: datetime
    used: int = 0
    contents: deque[datetime] = field(default_factory=deque)
    points: deque[tuple[datetime, int]] = field(default_factory=deque)


class RateLimits:
    """The primary limit and the two kinds of secondary limits, each caller for itself.

    Every write but the issue of a token counts as creating content. Figures:
    docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._usage: dict[str, _Usage] = defaultdict(lambda: _Usage(clock() + _HOUR))
        self.enabled = False
        self.per_hour = 5000
        self.contents_per_minute = 80
        self.contents_per_hour = 500
        self.points_per_minute = 900

    def count(self, caller: str, method: str, path: str) -> None:
        """Count a request; refused with 403, and not counted, if it is one too many."""
        now, usage = self._clock(), self._current(caller)
        writes = method not in ("GET", "HEAD")
        creates = writes and method != "DELETE" and not path.endswith("/access_tokens")
        if self.enabled:
            self._check(usage, now, creates=creates, points=5 if writes else 1)
        usage.used += 1
        usage.points.append((now, 5 if writes else 1))
        if creates:
            usage.contents.append(now)

    def refund(self, caller: str) -> None:
        """Give a request back: 304 answers are free."""
        self._current(caller).used -= 1

    def headers(self, caller: str) -> dict[str, str]:
        """Return the headers that tell a caller where they stand."""
        usage = self._current(caller)
        return {
            "x-ratelimit-limit": str(self.per_hour),
            "x-ratelimit-remaining": str(max(0, self.per_hour - usage.used)),
            "x-ratelimit-used": str(usage.used),
            "x-ratelimit-reset": str(int(usage.window_ends.timestamp())),
            "x-ratelimit-resource": "core",
        }

    def _current(self, caller: str) -> _Usage:
        usage, now = self._usage[caller], self._clock()
        if now >= usage.window_ends:
            usage.window_ends, usage.used = now + _HOUR, 0
        while usage.contents and usage.contents[0] <= now - _HOUR:
            usage.contents.popleft()
        while usage.points and usage.points[0][0] <= now - _MINUTE:
            usage.points.popleft()
        return usage

    def _check(self, usage: _Usage, now: datetime, *, creates: bool, points: int) -> None:
        if usage.used >= self.per_hour:
            raise GitHubRefused("API rate limit exceeded", status=403)
        if sum(each for _, each in usage.points) + points > self.points_per_minute:
            raise _secondary(usage.points[0][0] + _MINUTE - now)
        if not creates:
            return
        lately = [each for each in usage.contents if each > now - _MINUTE]
        if len(lately) >= self.contents_per_minute:
            raise _secondary(lately[0] + _MINUTE - now)
        if len(usage.contents) >= self.contents_per_hour:
            raise _secondary(usage.contents[0] + _HOUR - now)


def _secondary(wait: timedelta) -> GitHubRefused:
    message = (
        "You have exceeded a secondary rate limit and have been temporarily blocked from "
        "content creation. Please retry your request again later."
    )
    seconds = max(1, int(wait.total_seconds()) + 1)
    return GitHubRefused(message, status=403, headers={"retry-after": str(seconds)})
