"""What a stack author imports: the resource model, executors, and the library of resources."""

from resources.errors import (
    HookNotDefined,
    InterruptedOnce,
    NoWayBack,
    OrbitsError,
    Refused,
    ScriptFailed,
    StepFailed,
)
from resources.model.action import Action
from resources.model.resource import Difference, Plan, Resource, Severity
from resources.model.workflow import Workflow

__all__ = [
    "Action",
    "Difference",
    "HookNotDefined",
    "InterruptedOnce",
    "NoWayBack",
    "OrbitsError",
    "Plan",
    "Refused",
    "Resource",
    "ScriptFailed",
    "Severity",
    "StepFailed",
    "Workflow",
]
