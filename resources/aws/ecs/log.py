"""What the container of an ECS task printed, as CloudWatch Logs has it."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from resources.aws.failures import AwsFailed, asked
from resources.executors.output import BoundedOutput

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

PIECE = 16 * 1024
"""How many bytes of a longer line the log driver sends as one event; then comes the rest."""

LONGEST_END = 200
"""How many characters the line that tells the end has at most."""


@dataclass(frozen=True)
class LogPlace:
    """Where the output of one container goes, of each task to a stream of its own."""

    region: str
    group: str
    stream: str

    def of(self, task: str) -> "LogPlace":
        """Answer the place of one task's output, by its id."""
        return replace(self, stream=f"{self.stream}/{task}")


class TaskLog:
    """Hears a log from its beginning, line by line, until the line that tells the end.

    The log driver leaves out empty lines, and sends U+FFFD for what is not UTF-8.
    """

    def __init__(self, client: "CloudWatchLogsClient", place: LogPlace, token: str) -> None:
        self._client = client
        self._place = place
        self._end = f"orbits:{token}:"
        self._next: str | None = None
        self._held = ""
        self.ending: str | None = None
        """How the script ended, in the words of its container; `None` while that is not told."""

    async def hear(self, output: BoundedOutput) -> None:
        """Take what came since the last time; raises `AwsFailed`."""
        while self.ending is None:
            messages, following = await self._page()
            for message in messages:
                self._take(message, output)
            if not messages and following == self._next:
                return
            self._next = following

    async def _page(self) -> tuple[list[str], str | None]:
        read = partial(
            self._client.get_log_events,
            logGroupName=self._place.group,
            logStreamName=self._place.stream,
            startFromHead=True,
        )
        try:
            page = await (asked(read, nextToken=self._next) if self._next else asked(read))
        except AwsFailed as failed:
            # The stream is made when the container prints for the first time.
            if failed.code == "ResourceNotFoundException":
                return [], self._next
            raise
        return [event["message"] for event in page["events"]], page["nextForwardToken"]

    def _take(self, message: str, output: BoundedOutput) -> None:
        if self.ending is not None:
            return
        text = self._held + message
        self._held = ""
        if len(message.encode()) == PIECE:
            # The line goes on, and the line that tells the end may be cut in two as well.
            text, self._held = text[:-LONGEST_END], text[-LONGEST_END:]
            output.take(text.encode())
            return
        said, told, word = text.rpartition(self._end)
        if told:
            self.ending = word.strip()
            output.take(said.encode())
        else:
            output.take(f"{text}\n".encode())
