"""Why there is a rollout: what was merged, or who asked for it."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Kind(StrEnum):
    """What began a rollout."""

    MERGE = "merge"
    PUSH = "push"
    ROLLBACK = "rollback"
    PIN = "pin"


class Origin(BaseModel):
    """What began a rollout, as far as it is kept.

    `key` tells two of them apart: one that is heard of twice begins once. `sha` is the commit
    that is reported on. `asked_by` is a login: who merged it, or who gave the command. A way
    back `undoes` a rollout, for a `reason`.
    """

    model_config = ConfigDict(frozen=True)

    kind: Kind = Kind.MERGE
    key: str
    repository: str
    branch: str
    sha: str
    pull_request: int | None = None
    title: str
    author: str
    asked_by: str
    url: str
    undoes: str | None = None
    reason: str | None = None
    contained_in: list[str] = []

    @classmethod
    def key_of_commit(cls, repository: str, branch: str, sha: str) -> str:
        """Answer the key of what a commit brings to a branch, whether it was merged or pushed."""
        return f"{repository.lower()}@{sha} on {branch}"
