"""What it means that a channel did not take a message: the type says the next move."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from bot.failures import DoorFailed, Limited

NOT_SENT = "The alert could not be sent"
"""How every failure of a channel begins."""

REFUSED, BROKEN = 403, 503
"""Statuses for what is refused, and for what is broken over there, where HTTP does not say so."""

WITHOUT_WORD = timedelta(seconds=30)
_LONGEST = timedelta(hours=2)


class ChannelFailed(DoorFailed):
    """A channel did not take a message, or its answer was lost; never with a token or an address.

    `status` is `None` where no whole answer came: then it may have been sent.
    """

    def __init__(
        self,
        channel: str,
        why: str,
        status: int | None,
        *,
        futile: bool = False,
        gone: bool = False,
    ) -> None:
        super().__init__(f"{NOT_SENT} to {channel}: {why}", channel=channel, status=status)
        self.status = status
        self._futile, self._gone = futile, gone

    @property
    def futile(self) -> bool:
        """Whether asking again for the same would be refused again."""
        return self._futile

    @property
    def gone(self) -> bool:
        """Whether it is about a message that is not there any more."""
        return self._gone


class ChannelLimited(Limited):
    """A channel asks us to wait for `after`; nothing was sent."""

    def __init__(self, channel: str, after: timedelta) -> None:
        seconds = int(after.total_seconds())
        super().__init__(
            f"{channel} limits our messages. Nothing is lost: it is tried again in {seconds} "
            "seconds.",
            channel=channel,
            seconds=seconds,
        )
        self.after = after


def lost(channel: str, cause: Exception) -> ChannelFailed:
    """Answer what it means that no whole answer came."""
    why = f"the connection failed ({type(cause).__name__}), so that it may have arrived."
    return ChannelFailed(channel, why, None)


def waiting_time(value: str | None, now: datetime) -> timedelta:
    """Read a `Retry-After` header, seconds or a date, as between a second and two hours."""
    text = (value or "").strip()
    wait = WITHOUT_WORD
    if text.isascii() and text.isdigit() and len(text) < 10:
        wait = timedelta(seconds=int(text))
    elif text:
        try:
            moment = parsedate_to_datetime(text)
            wait = moment.replace(tzinfo=moment.tzinfo or UTC) - now
        except ValueError:
            pass
    return min(max(wait, timedelta(seconds=1)), _LONGEST)
