"""Bad days of the API: requests that fail, and answers that are lost after the deed was done."""

import re
from dataclasses import dataclass, field

_TOO_MANY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
)
_MESSAGES = {
    403: _TOO_MANY,
    429: _TOO_MANY,
    500: "Server Error",
    502: "Server Error",
    503: "Service unavailable",
}


@dataclass
class Outage:
    """What befalls the next `times` requests that match; None: until it is ended."""

    method: str
    path: re.Pattern[str]
    status: int
    times: int | None
    answer_lost: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """What GitHub says on such a day."""
        return _MESSAGES.get(self.status, "Unavailable")

    def strikes(self, method: str, path: str) -> bool:
        """Say whether a request is hit, and count it."""
        if self.times == 0 or self.method not in ("*", method) or not self.path.search(path):
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Outages:
    """The outages of one simulated GitHub; none, unless a test asks for them.

    Paths are those of the API without its root, such as `/repos/agency/backend`.
    """

    def __init__(self) -> None:
        self._outages: list[Outage] = []

    def fail(
        self, method: str = "*", path: str = "", *, status: int = 502, times: int | None = 1
    ) -> Outage:
        """Answer the next matching requests with an error and carry none of them out."""
        return self._add(Outage(method, re.compile(path), status, times))

    def lose_answer(self, method: str = "*", path: str = "", *, times: int | None = 1) -> Outage:
        """Carry the next matching requests out and answer 502 all the same."""
        return self._add(Outage(method, re.compile(path), 502, times, answer_lost=True))

    def slow_down(
        self, method: str = "*", path: str = "", *, retry_after: str = "60", times: int | None = 1
    ) -> Outage:
        """Refuse the next matching requests as too many, with a `retry-after` header."""
        headers = {"retry-after": retry_after}
        return self._add(Outage(method, re.compile(path), 403, times, headers=headers))

    def end(self) -> None:
        """Let everything work again."""
        self._outages.clear()

    def striking(self, method: str, path: str) -> Outage | None:
        """Return the outage that hits a request."""
        return next((each for each in self._outages if each.strikes(method, path)), None)

    def _add(self, outage: Outage) -> Outage:
        self._outages.append(outage)
        return outage
