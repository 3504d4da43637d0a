"""What infrastructure answers when it is there, and how scripts get to run in it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from resources.errors import OrbitsError
from resources.executors import Executor, LocalExecutor, Script, ScriptResult
from resources.executors.executor import unheard


class Environment(BaseModel):
    """A place that was prepared for one service of one tenant.

    `kind` says how a script gets there. `variables` are what its scripts see; like all that
    is recorded, they hold no secret.
    """

    model_config = ConfigDict(frozen=True)

    kind: str = "local"
    directory: Path
    database: Path
    variables: Mapping[str, str] = {}


class CloudExecutor(Executor):
    """Runs scripts inside an environment, in the way that its kind asks for.

        SqlMigration(executor=CloudExecutor(outputs), database=outputs.database, ...)

    This release knows the kind `local`: a process in the environment's folder.
    """

    environment: Environment

    def __init__(self, environment: Environment) -> None:
        BaseModel.__init__(self, environment=environment)

    async def execute(
        self, script: Script, on_output: Callable[[str], None] = unheard
    ) -> ScriptResult:
        """Run the script where the environment is; see `Executor.execute`."""
        return await _executor_of(self.environment).execute(script, on_output)


def _executor_of(environment: Environment) -> Executor:
    match environment.kind:
        case "local":
            return LocalExecutor(cwd=environment.directory, environment=dict(environment.variables))
        case kind:
            raise OrbitsError(
                f"No script can run in the environment {environment.directory}: its kind is "
                f"`{kind}`, and CloudExecutor knows only `local`. Nothing was changed."
            )
