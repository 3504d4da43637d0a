"""Where scripts run, and what is said when one does not end well."""

from resources.executors.executor import Executor
from resources.executors.local import LocalExecutor
from resources.executors.script import Script, ScriptResult

__all__ = ["Executor", "LocalExecutor", "Script", "ScriptResult"]
