"""How a failure is remembered, so that it comes back in its own type, with its words."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from pydantic import BaseModel, JsonValue

from resources.errors import OrbitsError, StepFailed

LONGEST_REASON = 4_000


class Failure(BaseModel):
    """An error as it is remembered: its class, its words and its facts."""

    kind: str
    message: str
    facts: dict[str, JsonValue] = {}
    cause: "Failure | None" = None

    @classmethod
    def of(cls, error: BaseException, mask: Callable[[str], str] = str) -> "Failure":
        """Describe `error`; only an `OrbitsError` keeps its facts. `mask` hides secrets."""
        facts = _storable_facts(error.facts, mask) if isinstance(error, OrbitsError) else {}
        cause = error.cause if isinstance(error, StepFailed) else None
        return cls(
            kind=f"{type(error).__module__}:{type(error).__qualname__}",
            message=bounded(mask(storable(str(error)))),
            facts=facts,
            cause=cls.of(cause, mask) if cause else None,
        )

    def error(self) -> OrbitsError:
        """Answer the error anew, as the class it had where that is one of ours."""
        kind = _error_class(self.kind)
        error = kind.__new__(kind)
        # Not its own initialiser, which may make the message of other arguments.
        OrbitsError.__init__(error, self.message, **self.facts)
        if isinstance(error, StepFailed) and self.cause is not None:
            error.cause = self.cause.error()
        return error


def storable(text: str) -> str:
    """Answer `text` without what no encoding can hold, such as a path that is no UTF-8."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _storable_facts(facts: Mapping[str, Any], mask: Callable[[str], str]) -> dict[str, JsonValue]:
    """Answer facts as JSON: what is none is told in words, and never in the way of a failure."""
    text = storable(json.dumps(facts, default=str, ensure_ascii=False))
    stored: dict[str, JsonValue] = {
        name: _masked(value, mask) for name, value in json.loads(text).items()
    }
    return stored


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    """Answer a JSON value with its texts masked; a number that is a secret becomes a text."""
    if isinstance(value, dict):
        return {mask(name): _masked(each, mask) for name, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, mask) for each in value]
    text = value if isinstance(value, str) else json.dumps(value)
    hidden = mask(text)
    return value if hidden == text else hidden


def step_failed(error: BaseException, *, step: str, identity: str, run_id: str) -> StepFailed:
    """Answer what `do` raises for `error`; what already names a step is handed on as it is."""
    if isinstance(error, StepFailed):
        return error
    reason = storable(str(error)) or "it gave no reason"
    cause = error if isinstance(error, OrbitsError) else None
    told = reason if cause else f"{type(error).__name__}: {reason}"
    failed = StepFailed(
        f"The step `{step}` of {identity} failed: {told} (run {run_id})",
        step=step,
        identity=identity,
        run_id=run_id,
        reason=told,
        cause_name=type(error).__name__,
    )
    failed.cause = cause
    return failed


def bounded(text: str) -> str:
    """Answer `text`, or its tail with a word on how much is missing."""
    if len(text) <= LONGEST_REASON:
        return text
    return f"[{len(text) - LONGEST_REASON} characters cut] {text[-LONGEST_REASON:]}"


@cache
def _error_class(kind: str) -> type[OrbitsError]:
    module, _, qualname = kind.partition(":")
    try:
        found = getattr(import_module(module), qualname)
    except (ImportError, AttributeError):
        return OrbitsError
    return found if isinstance(found, type) and issubclass(found, OrbitsError) else OrbitsError
