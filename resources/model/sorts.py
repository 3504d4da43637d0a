"""What sort of thing a step does, told by its class: asked at each step, and found out once."""

from enum import Enum, auto

from resources.model.action import Action, LongAction
from resources.model.resource import Resource
from resources.model.workflow import Workflow


class Sort(Enum):
    """The sorts of steps; what is none of the model's classes is taken for a function."""

    FUNCTION = auto()
    ACTION = auto()
    LONG_ACTION = auto()
    WORKFLOW = auto()
    RESOURCE = auto()


_known: dict[type, Sort] = {}


def sort_of(x: object) -> Sort:
    """Answer what sort of step `x` is."""
    kind = type(x)
    sort = _known.get(kind)
    if sort is None:
        sort = _known[kind] = _sort_of_class(kind)
    return sort


def _sort_of_class(kind: type) -> Sort:
    if issubclass(kind, LongAction):
        return Sort.LONG_ACTION
    if issubclass(kind, Action):
        return Sort.ACTION
    if issubclass(kind, Workflow):
        return Sort.WORKFLOW
    return Sort.RESOURCE if issubclass(kind, Resource) else Sort.FUNCTION
