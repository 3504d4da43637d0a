"""What a stack author imports: the resource model, executors, and the library of resources."""

from resources.errors import (
    Cancelled,
    HookNotDefined,
    IdentityBusy,
    InterruptedOnce,
    NoWayBack,
    OrbitsError,
    Refused,
    ScriptFailed,
    StepFailed,
    TimedOut,
)
from resources.model.action import Action, LongAction
from resources.model.pending import Pending
from resources.model.resource import Difference, Plan, Resource, Severity
from resources.model.retry import Retry
from resources.model.workflow import Workflow
from resources.secrets import Secret

__all__ = [
    "Action",
    "Cancelled",
    "Difference",
    "HookNotDefined",
    "IdentityBusy",
    "InterruptedOnce",
    "LongAction",
    "NoWayBack",
    "OrbitsError",
    "Pending",
    "Plan",
    "Refused",
    "Resource",
    "Retry",
    "ScriptFailed",
    "Secret",
    "Severity",
    "StepFailed",
    "TimedOut",
    "Workflow",
]
