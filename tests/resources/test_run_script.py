"""Commands that are steps: what they print is the result."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import JsonValue

from bot.engine.engine import Engine
from bot.store.database import Database
from resources.errors import ScriptFailed, StepFailed
from resources.executors import Executor, LocalExecutor, Script, ScriptResult
from resources.executors.executor import unheard
from resources.library import RunScript
from resources.model.workflow import Workflow
from resources.secrets import EnvironmentSecrets, Secrets
from resources.testing import Rehearsal
from tests.resources.schemas import printed_in

VALUE = "correct-horse-battery-staple-42"


def script(program: str, **options: Any) -> RunScript:
    wanted = {"argv": ("sh", "-c", program), "executor": LocalExecutor(), **options}
    return RunScript.model_validate(wanted)


class Namesake(Executor):
    """Runs nothing: it answers by which key a script would be found again."""

    async def execute(
        self, script: Script, on_output: Callable[[str], None] = unheard
    ) -> ScriptResult:
        return ScriptResult(output=script.key or "")


class Many(Workflow):
    """Scripts of several steps, one of them in two turns."""

    async def define(self) -> list[JsonValue]:
        names = ("sql-migrate", "sql-migrate", "ask @acme: it=" + "x" * 80, "b")
        return [await self.do(name, script("", executor=Namesake())) for name in names]


async def test_what_a_command_prints_is_the_result_and_the_log(
    engine: Engine, database: Database
) -> None:
    assert await engine.run(script("echo '  two'; echo lines")) == "two\nlines"
    assert await printed_in(database) == ["  two", "lines"]


async def test_json_is_read(engine: Engine) -> None:
    asked = script('echo "{\\"replicas\\": [1, $N]}"', answers="json", environment={"N": "2"})

    assert await engine.run(asked) == {"replicas": [1, 2]}


async def test_what_is_no_json_is_told_with_the_command(engine: Engine) -> None:
    with pytest.raises(StepFailed) as failed:
        await engine.run(script("echo warning; echo 1", answers="json"))

    assert failed.value.reason == (
        "`sh -c 'echo warning; echo 1'` succeeded, but printed no JSON: Expecting value: line 1 "
        "column 1 (char 0). Let it print nothing else, on standard error neither."
    )
    assert failed.value.tail == "warning\n1\n"


async def test_json_that_is_cut_is_not_read(engine: Engine) -> None:
    program = "print(list(range(1000)))"
    asked = script("", argv=(sys.executable, "-c", program), answers="json", longest=1_000)

    with pytest.raises(StepFailed, match=r"printed 4,891 bytes, and only 1,000 are kept\. Let it"):
        await engine.run(asked)


async def test_a_failing_command_fails_the_step(engine: Engine) -> None:
    with pytest.raises(StepFailed) as failed:
        await engine.run(script("echo no; exit 3"))

    assert isinstance(failed.value.cause, ScriptFailed)
    assert failed.value.cause.status == 3


async def test_input_and_secrets_reach_it_and_are_not_shown(database: Database) -> None:
    asked = script(
        'read word; echo "$word"; test "$TOKEN" = ' + VALUE[:7] + '"${WORD}" && echo same',
        stdin="given\n",
        secrets={"TOKEN": "env:TOKEN"},
        environment={"WORD": VALUE[7:]},
    )
    secrets = Secrets(EnvironmentSecrets({"TOKEN": VALUE}))

    async with Engine(database, given=[secrets]) as engine:
        assert await engine.run(asked) == "given\nsame"

    assert VALUE not in asked.model_dump_json()


async def test_each_step_of_each_run_has_a_key_of_its_own(engine: Engine) -> None:
    world = Rehearsal()

    ran = [await engine.run(Many()), await engine.run(Many())]
    rehearsed = [await world.do(Many()), await world.do(Many()), await Rehearsal().do(Many())]

    keys = [str(key) for run in (*ran, *rehearsed) for key in run]
    assert len(set(keys)) == len(keys) == 20
    assert keys[0].endswith(".sql-migrate")
    assert all(Script(argv=("true",), key=key).key == key for key in keys)
