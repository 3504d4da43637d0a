"""Bad days of Slack: calls that fail, and answers that are lost after the deed was done."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from bot.simulated.slack.refusals import SlackRefused, rate_limited

_ERRORS = {500: "internal_error", 503: "service_unavailable"}


@dataclass
class Outage:
    """What befalls the next `times` calls of matching methods; None: until it is ended.

    Without a refusal the call is carried out, and the connection breaks before the answer.
    """

    method: str
    refusal: SlackRefused | None
    times: int | None

    def strikes(self, method: str) -> bool:
        """Say whether a call is hit, and count it."""
        if self.times == 0 or not fnmatchcase(method, self.method):
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Outages:
    """The outages of one simulated Slack; none, unless a test asks for them.

    Methods are those of the Web API, such as `chat.postMessage` or `chat.*`, and
    `incoming-webhook`.
    """

    def __init__(self) -> None:
        self._outages: list[Outage] = []

    def fail(self, method: str = "*", *, status: int = 500, times: int | None = 1) -> Outage:
        """Answer the next matching calls with a failure of Slack's and carry none of them out."""
        error = _ERRORS.get(status, "fatal_error")
        return self._add(method, SlackRefused(error, status=status), times)

    def refuse(self, error: str, method: str = "*", *, times: int | None = 1) -> Outage:
        """Refuse the next matching calls with an error of the Web API, such as `fatal_error`."""
        return self._add(method, SlackRefused(error), times)

    def lose_answer(self, method: str = "*", *, times: int | None = 1) -> Outage:
        """Carry the next matching calls out, and break the connection instead of answering."""
        return self._add(method, None, times)

    def slow_down(
        self, method: str = "*", *, retry_after: int = 30, times: int | None = 1
    ) -> Outage:
        """Refuse the next matching calls as too many, with a `Retry-After` header in seconds."""
        return self._add(method, rate_limited(retry_after), times)

    def end(self) -> None:
        """Let everything work again."""
        self._outages.clear()

    def striking(self, method: str) -> Outage | None:
        """Return the outage that hits a call."""
        return next((each for each in self._outages if each.strikes(method)), None)

    def _add(self, method: str, refusal: SlackRefused | None, times: int | None) -> Outage:
        outage = Outage(method, refusal, times)
        self._outages.append(outage)
        return outage
