"""What a stack author tests with: stacks done in memory, scripts that are answered, crashes."""

from resources.testing.crash import Crashed, NotReached, Waits
from resources.testing.every_crash import every_crash
from resources.testing.journal import Outcome, StepEnd
from resources.testing.rehearsal import Rehearsal
from resources.testing.rehearsed import rehearsed
from resources.testing.scripted import Ran, ScriptedExecutor, Scripts, SecretInArgv
from resources.testing.states import RehearsedStates

__all__ = [
    "Crashed",
    "NotReached",
    "Outcome",
    "Ran",
    "Rehearsal",
    "RehearsedStates",
    "ScriptedExecutor",
    "Scripts",
    "SecretInArgv",
    "StepEnd",
    "Waits",
    "every_crash",
    "rehearsed",
]
