"""What GitHub says when it will not do as asked, in its own words where it has some."""

from collections.abc import Mapping, Sequence
from typing import Any


class GitHubRefused(Exception):
    """An act was refused, and the world is as it was before.

    People who act through Python see this error; callers of the REST API see
    `status`, `message` and `errors` as GitHub's JSON.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 422,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.errors = list(errors)
        self.headers = dict(headers or {})

    def __str__(self) -> str:
        reasons = [
            error.get("message") or " ".join(str(word) for word in error.values())
            for error in self.errors
        ]
        return ": ".join([self.message, "; ".join(reasons)]) if reasons else self.message


def invalid(resource: str, field: str, code: str = "invalid", message: str = "") -> GitHubRefused:
    """Return GitHub's "Validation Failed" for one field."""
    error: dict[str, Any] = {"resource": resource, "field": field, "code": code}
    if message:
        error["message"] = message
    return GitHubRefused("Validation Failed", errors=[error])


def impossible(resource: str, message: str) -> GitHubRefused:
    """Return GitHub's "Validation Failed" for what no single field is to blame for."""
    error = {"resource": resource, "code": "custom", "message": message}
    return GitHubRefused("Validation Failed", errors=[error])


def not_found() -> GitHubRefused:
    """Return GitHub's answer for what is absent, and for what the caller may not see."""
    return GitHubRefused("Not Found", status=404)
