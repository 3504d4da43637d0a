"""What infrastructure answers when it is there, and how scripts get to run in it."""

import importlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from resources.errors import OrbitsError
from resources.executors import (
    DockerExecutor,
    Executor,
    LocalExecutor,
    SandboxExecutor,
    Script,
    ScriptResult,
    SshExecutor,
)
from resources.executors.executor import unheard
from resources.executors.sandbox import sandbox_works
from resources.library.terraform.outputs import TerraformOutputs


class StackOutputs(Protocol):
    """The outputs of a stack that has texts alone, such as `CloudFormationOutputs`."""

    @property
    def name(self) -> str:
        """The stack."""

    def value(self, name: str) -> str:
        """Answer an output; raises `OrbitsError` where there is none."""


class SshAccess(BaseModel):
    """How to get to the host of an environment; see `SshExecutor`."""

    model_config = ConfigDict(frozen=True)

    host: str
    user: str
    known_hosts: str
    port: int = 22
    identity_file: Path | None = None


class DockerAccess(BaseModel):
    """In which image the scripts of an environment run, and as whom; see `DockerExecutor`."""

    model_config = ConfigDict(frozen=True)

    image: str
    user: str = "65534:65534"
    network: str = "bridge"
    memory: str = "1g"


class AwsAccess(BaseModel):
    """As whom the account of an environment is asked, and where; see `AwsConnection`."""

    model_config = ConfigDict(frozen=True)

    region: str
    roles: tuple[str, ...] = ()
    external_id: str | None = None
    profile: str | None = None
    endpoint: str | None = None


class EcsAccess(BaseModel):
    """As tasks of which cluster the scripts of an environment run; see `EcsExecutor`."""

    model_config = ConfigDict(frozen=True)

    connection: AwsAccess
    cluster: str
    task_definition: str
    bucket: str
    prefix: str = "orbits"
    container: str = "script"
    launch_type: Literal["FARGATE", "EC2"] = "FARGATE"
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    public_address: bool = False


class SsmAccess(BaseModel):
    """On which machine the scripts of an environment run, reached by SSM; see `SsmExecutor`."""

    model_config = ConfigDict(frozen=True)

    connection: AwsAccess
    instance: str
    bucket: str
    prefix: str = "orbits"
    folder: str = "/var/lib/orbits"


class Environment(BaseModel):
    """A place that was prepared for one service of one tenant.

        executor = CloudExecutor(Environment.of(outputs))

    `kind` says how a script gets there, and `ssh`, `docker`, `ecs` and `ssm` more of it where it
    is one of these. `variables` are what its scripts see; like all that is recorded, they hold
    no secret. `directory` is where its scripts run: of the kind `ecs`, a folder of the image.
    """

    model_config = ConfigDict(frozen=True)

    kind: str = "local"
    directory: Path
    database: Path
    variables: Mapping[str, str] = {}
    ssh: SshAccess | None = None
    docker: DockerAccess | None = None
    ecs: EcsAccess | None = None
    ssm: SsmAccess | None = None

    @classmethod
    def of(cls, outputs: TerraformOutputs | StackOutputs, name: str = "environment") -> Self:
        """Read the output `name` of a module, an object, or of a stack, the JSON text of one.

        Raises `OrbitsError` where there is no such output, or it says no environment.
        """
        if isinstance(outputs, TerraformOutputs):
            whose, written, given = "the module", "an object", outputs[name]
        else:
            whose, written = f"the stack {outputs.name}", "a JSON object in a text"
            given = _json_in(outputs.value(name))
        if not isinstance(given, dict):
            raise _no_environment(name, whose, f"it is not {written}")
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            problems = "; ".join(
                f"its field `{'.'.join(map(str, each['loc']))}`: {each['msg']}"
                for each in error.errors(include_url=False, include_input=False)
            )
            raise _no_environment(name, whose, problems) from None


class CloudExecutor(Executor):
    """Runs scripts inside an environment, in the way that its kind asks for.

        outputs = Environment(
            directory=directory, database=directory / "db", variables={"STAGE": "production"}
        )
        executor = CloudExecutor(outputs)
        result = await executor.execute(Script(argv=("sh", "-c", "echo $STAGE; pwd")))
        assert result.output == f"production\\n{directory}\\n"

    Of the kind `local` it is a process in the environment's folder, which bubblewrap keeps to
    that folder where it is installed and may do so; who wants none of that uses a
    `LocalExecutor`. Of the kind `sandbox` it is that or nothing. `ssh`, `docker`, `ecs` and
    `ssm` are what the environment says of them; the last two need the extra `aws`.
    """

    environment: Environment

    def __init__(self, environment: Environment) -> None:
        BaseModel.__init__(self, environment=environment)

    async def execute(
        self, script: Script, on_output: Callable[[str], None] = unheard
    ) -> ScriptResult:
        """Run the script where the environment is; see `Executor.execute`."""
        return await _executor_of(self.environment).execute(script, on_output)


def _json_in(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return None
    return value


def _no_environment(name: str, whose: str, why: str) -> OrbitsError:
    return OrbitsError(
        f"The output `{name}` of {whose} says no environment: {why}. Correct what {whose} answers "
        "(`directory` and `database` are needed, and what its `kind` needs), and deploy it again."
    )


def _executor_of(environment: Environment) -> Executor:
    make = _KINDS.get(environment.kind)
    if make is None:
        known = ", ".join(f"`{kind}`" for kind in sorted(_KINDS))
        raise OrbitsError(
            f"No script can run in the environment {environment.directory}: its kind is "
            f"`{environment.kind}`, and CloudExecutor knows {known}. Nothing was changed."
        )
    return make(environment)


def _on_this_machine(environment: Environment) -> Executor:
    """Answer the sandbox where there is one: the one place where that is decided."""
    return _sandboxed(environment) if sandbox_works() else _bare(environment)


def _bare(environment: Environment) -> LocalExecutor:
    return LocalExecutor(cwd=environment.directory, environment=dict(environment.variables))


def _sandboxed(environment: Environment) -> SandboxExecutor:
    return SandboxExecutor(
        cwd=environment.directory,
        environment=dict(environment.variables),
        writable=_folders(environment),
    )


def _by_ssh(environment: Environment) -> SshExecutor:
    access = environment.ssh
    if access is None:
        raise _says_too_little(environment)
    return SshExecutor(
        **dict(access),
        cwd=PurePosixPath(environment.directory),
        environment=dict(environment.variables),
    )


def _in_docker(environment: Environment) -> DockerExecutor:
    access = environment.docker
    if access is None:
        raise _says_too_little(environment)
    return DockerExecutor(
        **dict(access),
        cwd=PurePosixPath(environment.directory),
        environment=dict(environment.variables),
        writable=_folders(environment),
    )


def _in_ecs(environment: Environment) -> Executor:
    return _in_aws(environment, environment.ecs, "EcsExecutor")


def _by_ssm(environment: Environment) -> Executor:
    return _in_aws(environment, environment.ssm, "SsmExecutor")


def _in_aws(environment: Environment, access: EcsAccess | SsmAccess | None, kind: str) -> Executor:
    if access is None:
        raise _says_too_little(environment)
    try:
        # Late: who has nothing in AWS needs none of its clients.
        aws: Any = importlib.import_module("resources.aws")
    except ImportError as error:
        raise OrbitsError(
            f"No script can run in the environment {environment.directory}: its kind is "
            f"`{environment.kind}`, and the package {error.name} is not installed. Install the "
            "extra on every worker: `pip install 'orbits-bot[aws]'`. Nothing was changed."
        ) from None
    executor: Executor = getattr(aws, kind)(
        **dict(access) | {"connection": aws.AwsConnection(**dict(access.connection))},
        cwd=PurePosixPath(environment.directory),
        environment=dict(environment.variables),
    )
    return executor


def _folders(environment: Environment) -> tuple[Path, ...]:
    """Answer where scripts write: a database may be elsewhere than the rest."""
    return tuple(dict.fromkeys((environment.directory, environment.database.parent)))


def _says_too_little(environment: Environment) -> OrbitsError:
    return OrbitsError(
        f"No script can run in the environment {environment.directory}: its kind is "
        f"`{environment.kind}`, and its outputs have no `{environment.kind}` that says how to "
        "get there. Add it to what the infrastructure answers. Nothing was changed."
    )


_KINDS: Mapping[str, Callable[[Environment], Executor]] = {
    "docker": _in_docker,
    "ecs": _in_ecs,
    "local": _on_this_machine,
    "sandbox": _sandboxed,
    "ssh": _by_ssh,
    "ssm": _by_ssm,
}
