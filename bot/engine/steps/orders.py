"""What is to be carried out, for whom, and how its result is stored."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from bot.engine.definitions.kinds import Wanted
from bot.engine.definitions.outcomes import Outcome
from bot.engine.journal.rows import Record
from bot.engine.steps.intact import is_intact
from bot.engine.steps.scope import RunScope
from bot.states import State
from resources.model.definition import Definition, Steps
from resources.model.hooks import carry_out_hooks
from resources.model.resource import Resource
from resources.model.values import (
    NOTHING,
    ResultNotStorable,
    ResultType,
    command_result_type,
    result_type,
)
from resources.model.workflow import Workflow


class Asked(NamedTuple):
    """The step that asks for a run."""

    by: RunScope
    step: str


@dataclass(frozen=True)
class Order:
    """A command of a definition that is to be carried out; `asked` is `None` for a root."""

    definition: Definition
    wanted: Wanted
    asked: Asked | None = None


def deadline_of(definition: Definition, now: Any) -> Any:
    """Answer when a run of `definition` that is asked for now must be done, if ever."""
    deadline = definition.deadline if isinstance(definition, Steps) else None
    return now + deadline if deadline is not None else None


def body_of(
    order: Order, scope: RunScope, record: Record | None
) -> tuple[Any, Callable[[], ResultType]]:
    """Answer what is to be carried out, and how its result is stored."""
    definition, wanted = order.definition, order.wanted
    if isinstance(definition, Resource):
        bound = definition.bound_to(scope)
        return (
            partial(carry_out_hooks, bound, wanted.command, wanted.fingerprint, record),
            lambda: command_result_type(definition, wanted.command),
        )
    if isinstance(definition, Workflow):
        return definition.bound_to(scope).define, lambda: result_type(definition)
    return partial(scope.do, "run", definition, None, {}), lambda: result_type(definition)


async def skipped_as(order: Order, record: Record) -> Outcome | None:
    """Answer the recorded output where what is wanted holds already, and can be read."""
    resource = order.definition
    if not isinstance(resource, Resource):
        return None
    results = command_result_type(resource, order.wanted.command)
    try:
        results.from_json(record.output or NOTHING)
    except ResultNotStorable:
        return None  # the code of today answers something else: it is brought about anew
    return Outcome(State.SKIPPED, record.output) if await is_intact(resource) else None
