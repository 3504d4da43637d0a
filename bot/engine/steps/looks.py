"""What a command that only looks answers: without secrets, and whether the world has drifted."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import JsonValue

from bot.engine.definitions.outcomes import Outcome
from resources.masking import Masks
from resources.model.resource import Difference, Plan

CYCLE = "cycle"


async def without_secrets(masks: Masks, look: Callable[[], Awaitable[Any]]) -> Any:
    """Look, and answer what was found with every secret in it masked.

    What is observed was written by anybody: a secret in it is no reason to find nothing.
    """
    found = await look()
    if isinstance(found, Plan):
        changes = tuple(masked(masks, each) for each in found.changes)
        return found.model_copy(update={"changes": changes})
    if isinstance(found, list) and all(isinstance(each, Difference) for each in found):
        return [masked(masks, each) for each in found]
    return found


def has_drifted(command: str, outcome: Outcome) -> bool:
    """Answer whether a cycle that succeeded has found differences."""
    return command == CYCLE and bool(json.loads(outcome.result or "null"))


def masked(masks: Masks, difference: Difference) -> Difference:
    """Answer a difference with every secret in it masked."""
    return difference.model_copy(
        update={
            "path": masks.mask(difference.path),
            "desired": _masked(masks, difference.desired),
            "observed": _masked(masks, difference.observed),
        }
    )


def _masked(masks: Masks, value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return masks.mask(value)
    if isinstance(value, list):
        return [_masked(masks, each) for each in value]
    if isinstance(value, dict):
        return {masks.mask(key): _masked(masks, each) for key, each in value.items()}
    shown = json.dumps(value)
    return value if masks.mask(shown) == shown else masks.mask(shown)
