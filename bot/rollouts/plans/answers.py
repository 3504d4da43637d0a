"""What a tenant's stack answered when it was asked what it would do, as far as it is kept."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from resources.errors import HookNotDefined, StepFailed
from resources.model.resource import Difference, Plan

MOST_CHANGES = 20
"""So many changes of a tenant are kept by their names; the others are counted."""

LONGEST_PATH = 200
LONGEST_PROBLEM = 600


class Change(BaseModel):
    """A field that would change; its values are not kept, as one of them may be a secret."""

    model_config = ConfigDict(frozen=True)

    path: str
    act: Literal["adds", "changes", "removes"]


class Answer(BaseModel):
    """What a stack said, or why nothing is known; `services` are those that it was asked for.

    `variables` tells the tenant's variables of then from others; it is not to be read back.
    """

    model_config = ConfigDict(frozen=True)

    state: Literal["planned", "not-said", "failed"]
    services: tuple[str, ...] = ()
    variables: str = ""
    changes: int = 0
    destructive: bool = False
    first: tuple[Change, ...] = ()
    problem: str = ""


def print_of(variables: Mapping[str, Any]) -> str:
    """Answer what tells these variables of a tenant from others."""
    return sha256(json.dumps(variables, sort_keys=True).encode()).hexdigest()


def planned(plan: Plan) -> Answer:
    """Answer what is kept of a plan."""
    return Answer(
        state="planned",
        changes=len(plan.changes),
        destructive=plan.destructive,
        first=tuple(_first(plan.changes)),
    )


def not_planned(error: Exception) -> Answer:
    """Answer what is kept of a failure; a stack that defines no plan has not failed."""
    cause = error.cause if isinstance(error, StepFailed) else error
    if isinstance(cause, HookNotDefined):
        return not_said()
    if isinstance(error, StepFailed):
        problem = f"step `{error.step}`: {error.summary}"
    else:
        problem = f"its stack cannot be made of what is desired ({type(error).__name__})"
    return Answer(state="failed", problem=problem[:LONGEST_PROBLEM])


def not_said() -> Answer:
    """Answer that a stack, or something in it, does not tell what it would do."""
    return Answer(state="not-said", problem="its stack defines no plan")


def _first(changes: Iterable[Difference]) -> Iterable[Change]:
    for change in list(changes)[:MOST_CHANGES]:
        act: Literal["adds", "changes", "removes"] = "changes"
        if change.observed is None:
            act = "adds"
        elif change.desired is None:
            act = "removes"
        yield Change(path=change.path[:LONGEST_PATH], act=act)
