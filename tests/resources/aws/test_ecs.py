"""Scripts run as tasks of ECS: hidden on their way, heard, ended, and found again."""

import asyncio
import json
import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from bot.engine.engine import Engine
from resources.aws.ecs.command import OVERRIDES, command_of, variables_of
from resources.aws.failures import asked
from resources.errors import ScriptFailed
from resources.executors import Script
from tests.resources.aws.machine import Machine
from tests.resources.aws.script_places import BUCKET, Cluster, failure
from tests.resources.scripts import Witness, shell


async def test_a_script_runs_with_all_that_it_needs(cluster: Cluster, engine: Engine) -> None:
    task = await cluster.registered(engine)
    pieces: list[str] = []
    script = shell(
        'cat; cat deep/b; echo "$STAGE of $TENANT"',
        stdin="from stdin\n",
        files={"deep/b": b"from a file\n"},
        environment={"STAGE": "test 'one'"},
    )

    executor = cluster.executor(task, environment={"TENANT": "acme"})
    result = await executor.execute(script, pieces.append)

    assert result.output == "from stdin\nfrom a file\ntest 'one' of acme\n" == "".join(pieces)


async def test_nothing_that_aws_shows_tells_what_a_script_was_given(
    cluster: Cluster, engine: Engine
) -> None:
    task = await cluster.registered(engine)
    script = shell(
        "true correct-horse-1",
        stdin="correct-horse-2",
        files={"a": b"correct-horse-3"},
        environment={"TOKEN": "correct-horse-4"},
        key="run-7f3c.hidden",
    )

    await cluster.executor(task).execute(script)

    shown = json.dumps(await cluster.tasks(), default=str)
    assert "orbits/run-7f3c.hidden.env" in shown
    assert "correct-horse" not in shown
    assert "Y29ycmVjdC1ob3JzZ" not in shown
    assert await cluster.objects() == []


async def test_what_a_script_was_given_is_emptied_while_it_runs(
    cluster: Cluster, engine: Engine
) -> None:
    task = await cluster.registered(engine)
    heard = asyncio.Event()
    script = shell("echo here; sleep 60", stdin="secret", key="run-7f3c.emptied")

    running = asyncio.create_task(cluster.executor(task).execute(script, lambda _: heard.set()))
    await heard.wait()

    s3 = await cluster.connection.client("s3")
    found = await asked(s3.head_object, Bucket=BUCKET, Key="orbits/run-7f3c.emptied.env")
    assert found["ContentLength"] == 0
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert await cluster.objects() == []


@pytest.mark.thorough
async def test_another_status_is_told_with_the_last_lines(cluster: Cluster, engine: Engine) -> None:
    told = await failure(cluster, engine, shell("echo one; printf two >&2; exit 3"))

    assert told == (
        "`sh -c 'echo one; printf two >&2; exit 3'` ended with status 3. Its last lines:\none\ntwo"
    )


@pytest.mark.thorough
async def test_a_signal_is_told_by_its_name(cluster: Cluster, engine: Engine) -> None:
    told = await failure(cluster, engine, shell("kill -9 $$"))

    assert told == "`sh -c 'kill -9 $$'` was ended by the signal SIGKILL. It printed nothing."


@pytest.mark.thorough
async def test_a_missing_program_or_folder_is_named(cluster: Cluster, engine: Engine) -> None:
    program = await failure(cluster, engine, Script(argv=("alembik",)))
    folder = await failure(
        cluster, engine, Script.model_validate({"argv": ("true",), "cwd": "/no"})
    )

    assert program == (
        "`alembik` could not be started: there is no program `alembik`. Install it, or put it on "
        "PATH."
    )
    assert folder.startswith("`true` could not be started: the folder /no in the ECS task ")
    assert folder.endswith(" of tenants to run it in is not there.")


async def test_a_line_that_the_log_driver_cuts_is_heard_whole(
    cluster: Cluster, engine: Engine
) -> None:
    task = await cluster.registered(engine)
    longer = "x" * 16_300 + "y" * 16_384 + "é" * 10_000

    result = await cluster.executor(task).execute(
        Script(argv=("printf", "%s", longer[:60_000]), kept=100_000)
    )

    assert result.output == longer


async def test_a_script_that_goes_on_is_waited_for(
    cluster: Cluster, engine: Engine, tmp_path: Path
) -> None:
    executor = cluster.executor(await cluster.registered(engine))
    heard = [asyncio.Event(), asyncio.Event()]
    script = shell('echo first; read _ < "$0"; echo last', str(tmp_path / "go"), key="run-7f3c.go")
    os.mkfifo(tmp_path / "go")

    first = asyncio.create_task(executor.execute(script, lambda _: heard[0].set()))
    await heard[0].wait()
    second = asyncio.create_task(executor.execute(script, lambda _: heard[1].set()))
    await heard[1].wait()
    await asyncio.to_thread((tmp_path / "go").write_text, "\n")
    results = await asyncio.gather(first, second)

    assert [result.output for result in results] == ["first\nlast\n", "first\nlast\n"]
    assert len(await cluster.tasks()) == 1


async def test_a_crash_before_the_task_is_known_begins_no_second_one(
    cluster: Cluster, engine: Engine
) -> None:
    executor = cluster.executor(await cluster.registered(engine))
    script = shell("echo once", key="run-7f3c.once")
    ecs = await cluster.connection.client("ecs")
    s3 = await cluster.connection.client("s3")

    # What a crash right after RunTask leaves: the object, and a task of its token.
    content = executor._content(script)
    name = "orbits/run-7f3c.once.env"
    token = {"token": "orbits-abc"}
    await asked(s3.put_object, Bucket=BUCKET, Key=name, Body=content, Metadata=token)
    await asked(
        ecs.run_task,
        cluster="tenants",
        taskDefinition=executor.task_definition,
        launchType="FARGATE",
        startedBy="orbits-abc",
        clientToken="orbits-abc",
        networkConfiguration={
            "awsvpcConfiguration": {"subnets": [cluster.subnet], "securityGroups": []}
        },
        overrides={
            "containerOverrides": [
                {
                    "name": "script",
                    "command": command_of("orbits-abc", timedelta(minutes=1)),
                    "environmentFiles": [{"value": f"arn:aws:s3:::{BUCKET}/{name}", "type": "s3"}],
                }
            ]
        },
    )
    result = await executor.execute(script)

    assert result.output == "once\n"
    assert len(await cluster.tasks()) == 1


async def test_a_task_that_ecs_has_forgotten_is_told_and_begun_anew(
    cluster: Cluster, engine: Engine
) -> None:
    executor = cluster.executor(await cluster.registered(engine))
    script = shell("echo anew", key="run-7f3c.old")
    s3 = await cluster.connection.client("s3")
    name = "orbits/run-7f3c.old.env"
    await asked(s3.put_object, Bucket=BUCKET, Key=name, Body=b"", Metadata={"token": "orbits-old"})

    with pytest.raises(ScriptFailed) as failed:
        await executor.execute(script)

    assert str(failed.value) == (
        "`sh -c 'echo anew'` was begun on the ECS cluster tenants, and was lost: ECS does not know "
        "its task any more: it ended over an hour ago, or the cluster is another one. See its log "
        "in /orbits/acme-scripts, and retry. It printed nothing."
    )
    assert (await executor.execute(script)).output == "anew\n"


@pytest.mark.thorough
async def test_the_timeout_ends_the_whole_tree(
    cluster: Cluster, engine: Engine, witness: Witness
) -> None:
    script = witness.script("echo begun; wait", timeout=timedelta(seconds=0.8))

    told = await failure(cluster, engine, script)

    assert "took longer than 0.8 seconds, and was ended with all that it had started" in told
    assert told.endswith("Its last lines:\nbegun")
    await witness.departure()


@pytest.mark.thorough
async def test_cancellation_stops_the_task(
    cluster: Cluster, engine: Engine, witness: Witness
) -> None:
    executor = cluster.executor(await cluster.registered(engine))
    running = asyncio.create_task(executor.execute(witness.script(escapes=True)))
    await witness.arrival()

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    await witness.departure()
    assert [task["stoppedReason"] for task in await cluster.tasks()] == ["Orbits ends the script"]


def test_the_command_of_a_container_is_as_long_as_ecs_takes() -> None:
    command = command_of(f"orbits-{'a' * 32}", timedelta(minutes=10, seconds=0.5))

    assert command[-3:] == ["orbits", f"orbits-{'a' * 32}", "601"]
    assert len(json.dumps(command)) + 500 < OVERRIDES


@pytest.mark.thorough
def test_a_container_ends_a_script_that_nobody_ends() -> None:
    variables = variables_of(shell("echo begun; sleep 60"), None, {})
    assert variables is not None
    environment = dict(line.split("=", 1) for line in variables.decode().splitlines())
    printed: list[bytes] = []

    machine = Machine(command_of("orbits-abc", timedelta(seconds=1)), environment, printed.append)

    assert machine.wait() == 143
    assert b"".join(printed) == b"begun\norbits:orbits-abc:timed-out\n"


async def test_a_task_that_goes_on_is_not_lost_where_nobody_may_look(
    cluster: Cluster, engine: Engine
) -> None:
    executor = cluster.executor(await cluster.registered(engine))
    script, heard = shell("echo begun; sleep 60", key="run-7f3c.kept"), asyncio.Event()
    running = asyncio.create_task(executor.execute(script, lambda _: heard.set()))
    await heard.wait()

    other = executor.model_copy(update={"task_definition": "gone"})
    with pytest.raises(ScriptFailed):
        await other.execute(script)

    assert await cluster.objects() == ["orbits/run-7f3c.kept.env"]
    running.cancel()
    await asyncio.wait([running])
