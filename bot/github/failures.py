"""What GitHub's refusals mean for whoever asked: wait, stop, or look at the cause."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from bot.failures import DoorFailed, Limited
from resources.errors import OrbitsError

WITHOUT_WORD = timedelta(seconds=60)
"""How long to wait where GitHub limits us and does not say for how long."""

_LONGEST = timedelta(hours=2)
_HARMLESS = re.compile(r"[a-z_=,; ]{1,200}")
_HINTS = {
    401: "The key or token is not accepted, or this machine's clock is wrong by minutes.",
    403: "The App lacks a permission, or the installation is suspended.",
    409: "It stands in conflict with what is there now.",
    422: "GitHub finds the request invalid.",
}


class GitHubFailed(DoorFailed):
    """GitHub did not do what was asked, or its answer was lost.

    `status` is `None` where no whole answer came: then a write may or may not have been done,
    and only a look at GitHub can tell. Neither the message nor the facts hold a body or a token.
    """

    def __init__(
        self, method: str, path: str, status: int | None, why: str, *, answer: str = ""
    ) -> None:
        answer = answer or ("gave no answer" if status is None else f"answered {status}")
        super().__init__(
            f"GitHub {answer} to {method} {path}. {why}", method=method, path=path, status=status
        )
        self.method = method
        self.path = path
        self.status = status

    @property
    def futile(self) -> bool:
        """GitHub finds the request itself invalid."""
        return self.status == 422


class NotFound(GitHubFailed):
    """What was asked about is not there, or not for us to see."""

    gone = True


class Locked(GitHubFailed):
    """A conversation is locked: only those who may write to the repository go on with it."""

    futile = True


class NameTaken(GitHubFailed):
    """A repository of that name is there already."""

    futile = True


class IssuesDisabled(GitHubFailed):
    """A repository has no issues: they are switched off in its settings."""

    futile = True

    def __init__(self, method: str, path: str, repository: str) -> None:
        why = (
            f"Issues are switched off in {repository}. Switch them on in its settings, or name "
            "another repository in its `orbits.toml`, under `[drift]`."
        )
        super().__init__(method, path, 410, why)


class AppNeeded(GitHubFailed):
    """Only an App may do this, and the bot acts with a person's token; nothing was sent."""

    futile = True

    def __init__(self, method: str, path: str, what: str) -> None:
        why = (
            f"Only an App may {what}, and the bot acts with a person's token. "
            "Set ORBITS_GITHUB_APP_ID and ORBITS_GITHUB_PRIVATE_KEY."
        )
        super().__init__(method, path, 403, why, answer="would answer 403")


class FileNotReadable(OrbitsError):
    """A path of a repository leads to something that is not a small text file."""

    def __init__(self, repository: str, path: str, ref: str, why: str) -> None:
        super().__init__(
            f"`{path}` of {repository} at {ref} cannot be read: {why}. "
            "A small text file belongs there.",
            repository=repository,
            path=path,
            ref=ref,
        )


class RetryLater(Limited):
    """GitHub asks us to wait for `after`; nothing was done."""

    def __init__(self, method: str, path: str, after: timedelta) -> None:
        seconds = int(after.total_seconds())
        super().__init__(
            f"GitHub limits our requests and did not do {method} {path}. "
            f"Nothing is lost: it is asked again in {seconds} seconds.",
            method=method,
            path=path,
            seconds=seconds,
        )
        self.after = after


@dataclass(frozen=True)
class Refusal:
    """An answer that is an error; `body` may be cut, and is looked at but never passed on."""

    status: int
    headers: Mapping[str, str]
    body: str = ""


def failure(method: str, path: str, refusal: Refusal, now: datetime) -> OrbitsError:
    """Turn a refusal into the error whose type says the next move.

    Where no header is set, only the words "rate limit" in the body tell a secondary limit
    from a missing permission.
    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    status = refusal.status
    if status == 429 or (status == 403 and _limited(refusal)):
        return RetryLater(method, path, waiting_time(refusal.headers, now))
    if status in {404, 410}:
        why = "It does not exist, or the App is not installed there or may not read it."
        return NotFound(method, path, status, why)
    if status in {403, 422} and "is locked" in refusal.body.lower():
        return Locked(method, path, status, "The conversation is locked.")
    if status == 422 and "name already exists" in refusal.body.lower():
        return NameTaken(method, path, status, "A repository of that name is there already.")
    why = _HINTS.get(status, "The request was not carried out.")
    if status >= 500:
        why = "GitHub has a problem of its own; its status page may tell more."
    needed = refusal.headers.get("x-accepted-github-permissions", "")
    if status == 403 and _HARMLESS.fullmatch(needed):
        why += f" Needed: {needed}."
    return GitHubFailed(method, path, status, why)


def waiting_time(headers: Mapping[str, str], now: datetime) -> timedelta:
    """Answer how long GitHub asks us to wait, between a second and two hours."""
    wait = _retry_after(headers.get("retry-after", ""), now)
    if wait is None and headers.get("x-ratelimit-remaining") == "0":
        wait = _until(headers.get("x-ratelimit-reset", ""), now)
    return min(max(WITHOUT_WORD if wait is None else wait, timedelta(seconds=1)), _LONGEST)


def _limited(refusal: Refusal) -> bool:
    headers = refusal.headers
    if "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0":
        return True
    return "rate limit" in refusal.body.lower()


def _retry_after(value: str, now: datetime) -> timedelta | None:
    if re.fullmatch(r"[0-9]{1,9}", value.strip()):
        return timedelta(seconds=int(value))
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC) - now


def _until(value: str, now: datetime) -> timedelta | None:
    if not re.fullmatch(r"[0-9]{1,11}", value.strip()):
        return None
    return datetime.fromtimestamp(int(value), UTC) - now
