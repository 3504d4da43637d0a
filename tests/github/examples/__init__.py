"""GitHub's own example of each event, whole, as its documentation and its users recorded it.

They are of https://github.com/octokit/webhooks (npm `@octokit/webhooks-examples` 7.6.1), under the
MIT License, by its contributors; only the spaces between words of JSON are taken out. There is none
of a merged pull request, of one whose base was edited, nor of an
issue that was closed, deleted or transferred.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Example:
    """A payload, such as `push.tag-created`: the event, and what tells it from others of it."""

    name: str
    body: bytes

    @property
    def event(self) -> str:
        """What the header `X-GitHub-Event` says."""
        return self.name.partition(".")[0]

    @property
    def payload(self) -> dict[str, Any]:
        """Its JSON, which nobody else holds."""
        read: dict[str, Any] = json.loads(self.body)
        return read

    @property
    def action(self) -> str | None:
        """What happened, in GitHub's word."""
        return self.payload.get("action")


EXAMPLES = {
    path.stem: Example(path.stem, path.read_bytes())
    for path in sorted(Path(__file__).parent.glob("*.json"))
}
