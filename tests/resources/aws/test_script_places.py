"""What infrastructure answers picks a cluster or a machine in AWS, and needs the extra for that."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.engine.engine import Engine
from resources.errors import OrbitsError
from resources.executors import Script
from resources.library import CloudExecutor, Environment
from tests.resources.aws.script_places import Cluster, Host
from tests.resources.scripts import shell


def environment(folder: Path, kind: str, access: Any = None) -> Environment:
    place = {"directory": folder, "database": folder / "db", "variables": {"STAGE": "test"}}
    return Environment.model_validate({**place, "kind": kind, kind: access})


async def test_a_script_runs_in_the_cluster_that_the_outputs_name(
    cluster: Cluster, engine: Engine, tmp_path: Path
) -> None:
    executor = cluster.executor(await cluster.registered(engine))
    names = {"connection", "cluster", "task_definition", "bucket", "subnets"}
    outputs = environment(tmp_path, "ecs", executor.model_dump(mode="json", include=names))

    result = await CloudExecutor(outputs).execute(shell("pwd; echo $STAGE"))

    assert Environment.model_validate_json(outputs.model_dump_json()) == outputs
    assert result.output == f"{tmp_path}\ntest\n"


async def test_a_script_runs_on_the_machine_that_the_outputs_name(
    host: Host, tmp_path: Path
) -> None:
    names = {"connection", "instance", "bucket", "folder"}
    access = host.executor().model_dump(mode="json", include=names)
    outputs = environment(tmp_path, "ssm", access)

    result = await CloudExecutor(outputs).execute(shell("pwd; echo $STAGE"))

    assert Environment.model_validate_json(outputs.model_dump_json()) == outputs
    assert result.output == f"{tmp_path}\ntest\n"


@pytest.mark.parametrize("kind", ["ecs", "ssm"])
async def test_outputs_that_say_too_little_are_told(tmp_path: Path, kind: str) -> None:
    with pytest.raises(OrbitsError) as error:
        await CloudExecutor(environment(tmp_path, kind)).execute(Script(argv=("true",)))

    assert str(error.value) == (
        f"No script can run in the environment {tmp_path}: its kind is `{kind}`, and its outputs "
        f"have no `{kind}` that says how to get there. Add it to what the infrastructure answers. "
        "Nothing was changed."
    )


def test_without_boto3_the_extra_is_named() -> None:
    program = (
        "import asyncio, sys; sys.modules['boto3'] = None\n"
        "from resources.executors import Script\n"
        "from resources.library import CloudExecutor, Environment\n"
        "access = {'connection': {'region': 'eu-west-1'}, 'instance': 'i-1', 'bucket': 'b'}\n"
        "place = {'kind': 'ssm', 'directory': '/srv', 'database': '/srv/db', 'ssm': access}\n"
        "executor = CloudExecutor(Environment.model_validate(place))\n"
        "try: asyncio.run(executor.execute(Script(argv=('true',))))\n"
        "except Exception as error: print(error)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ended.stdout == (
        "No script can run in the environment /srv: its kind is `ssm`, and the package boto3 is "
        "not installed. Install the extra on every worker: `pip install 'orbits-bot[aws]'`. "
        "Nothing was changed.\n"
    )
