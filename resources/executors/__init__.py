"""Where scripts run, and what is said when one does not end well."""

from resources.executors.docker import DockerExecutor
from resources.executors.executor import Executor
from resources.executors.local import LocalExecutor
from resources.executors.sandbox import SandboxExecutor
from resources.executors.script import Script, ScriptResult
from resources.executors.ssh import SshExecutor

__all__ = [
    "DockerExecutor",
    "Executor",
    "LocalExecutor",
    "SandboxExecutor",
    "Script",
    "ScriptResult",
    "SshExecutor",
]
