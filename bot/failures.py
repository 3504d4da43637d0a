"""What it means that somebody outside, such as GitHub or Slack, did not do what was asked."""

from datetime import timedelta

from resources.errors import OrbitsError


class DoorFailed(OrbitsError):
    """What was asked was not done, or the answer was lost.

    `status` is that of HTTP, or `None` where no whole answer came: then it may have been done.
    """

    status: int | None = None

    @property
    def passing(self) -> bool:
        """Whether the same request may well succeed a little later."""
        return self.status is None or self.status >= 500

    @property
    def gone(self) -> bool:
        """Whether it was not done because what it is about is not there."""
        return False

    @property
    def futile(self) -> bool:
        """Whether asking again for the same would be refused again."""
        return False


class Limited(OrbitsError):
    """We are asked to wait for `after`; nothing was done."""

    after: timedelta
