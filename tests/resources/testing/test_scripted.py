"""Scripts answered by rules: what a test says of a machine, in place of the machine."""

from datetime import timedelta

import pytest

from resources import ScriptFailed, StepFailed, Workflow
from resources.executors import Executor, Script
from resources.library import RunScript
from resources.secrets import Secret
from resources.testing import Ran, Rehearsal, ScriptedExecutor, Scripts, SecretInArgv


@pytest.fixture
def scripts() -> Scripts:
    return Scripts()


@pytest.fixture
def world(scripts: Scripts) -> Rehearsal:
    return Rehearsal(scripts=scripts, secrets={"env:KEY": "nobody knows this"})


async def test_a_script_is_answered_and_noted(world: Rehearsal, scripts: Scripts) -> None:
    scripts.answer("psql", "--version", output="psql 17\n")

    version = await world.do(RunScript(argv=("psql", "--version"), executor=scripts.executor))

    assert version == "psql 17"
    assert world.log == "psql 17\n"
    assert scripts.ran == [Ran(("psql", "--version"), stdin="", environment=(), files=())]


async def test_the_first_rule_that_fits_and_is_not_used_up_answers(scripts: Scripts) -> None:
    scripts.fail("deploy", "*", status=3, output="the disk is full", times=1)
    scripts.answer("deploy", "**", output="done")
    deploy = Script(argv=("deploy", "acme"))

    with pytest.raises(ScriptFailed) as failed:
        await scripts.executor.execute(deploy)
    assert (failed.value.status, str(failed.value)) == (
        3,
        "`deploy acme` ended with status 3. Its last lines:\nthe disk is full",
    )
    assert (await scripts.executor.execute(deploy)).output == "done"
    assert (await scripts.executor.execute(Script(argv=("deploy",)))).output == "done"


async def test_a_script_without_an_answer_says_which_to_give(scripts: Scripts) -> None:
    scripts.answer("psql", "--version")
    with pytest.raises(ScriptFailed) as failed:
        await scripts.executor.execute(Script(argv=("psql", "-f", "schema.sql")))
    assert str(failed.value) == (
        "`psql -f schema.sql` could not be started: the test has no answer for it. Give one: "
        'scripts.answer("psql", "**").'
    )


async def test_a_script_may_take_too_long(scripts: Scripts) -> None:
    scripts.answer("sleep", "**", takes=timedelta(hours=1))
    with pytest.raises(ScriptFailed) as failed:
        await scripts.executor.execute(Script(argv=("sleep", "3600")))
    assert str(failed.value) == (
        "`sleep 3600` took longer than 10 minutes, and was ended with all that it had started. "
        "It printed nothing."
    )


async def test_a_script_leaves_the_files_that_its_rule_has(scripts: Scripts) -> None:
    scripts.answer("plan", output="planned\n", files={"plan.json": b"{}"})
    planned = await scripts.executor.execute(Script(argv=("plan",), outputs=("plan.json",)))
    assert planned.files == {"plan.json": b"{}"}

    with pytest.raises(ScriptFailed) as failed:
        await scripts.executor.execute(Script(argv=("plan",), outputs=("other.json",)))
    assert str(failed.value) == (
        "`plan` ended with status 0, but its output other.json was not left. Its last lines:\n"
        "planned"
    )


async def test_only_the_end_of_the_output_is_held(scripts: Scripts) -> None:
    scripts.answer("chatter", output="x" * 100 + "end")
    result = await scripts.executor.execute(Script(argv=("chatter",), kept=3))
    assert (result.output, result.total_bytes, result.cut_bytes) == ("end", 103, 100)


class Tells(Workflow):
    """Hands a secret to a script, in one way or the other."""

    key: Secret
    executor: Executor
    openly: bool = False

    async def define(self) -> None:
        async def tell() -> None:
            value = await self.reveal(self.key)
            argv = ("login", value) if self.openly else ("login",)
            await self.executor.execute(Script(argv=argv, stdin=f"{value}\n"), self.log)

        await self.do("tell", tell)


async def test_no_secret_is_kept_of_what_was_run(world: Rehearsal, scripts: Scripts) -> None:
    scripts.answer("login", output="welcome, nobody knows this\n")
    await world.do(Tells(key="env:KEY", executor=scripts.executor))
    assert scripts.ran == [Ran(("login",), stdin="[masked]\n", environment=(), files=())]
    assert world.log == "welcome, [masked]\n"


async def test_a_secret_on_a_command_line_is_refused(world: Rehearsal, scripts: Scripts) -> None:
    scripts.answer("login", "**")
    with pytest.raises(StepFailed) as failed:
        await world.do(Tells(key="env:KEY", executor=scripts.executor, openly=True))
    assert isinstance(failed.value.cause, SecretInArgv)
    assert failed.value.reason == (
        "The command line `login '[masked]'` holds a secret, which everybody on its machine can "
        "see. Hand it over by `environment`, `stdin` or `files`."
    )


async def test_an_executor_finds_its_rules_again_after_it_was_stored(scripts: Scripts) -> None:
    scripts.answer("true")
    stored = ScriptedExecutor.model_validate_json(scripts.executor.model_dump_json())
    assert (await stored.execute(Script(argv=("true",)))).status == 0


async def test_an_executor_whose_scripts_are_gone_says_so() -> None:
    with pytest.raises(ScriptFailed) as failed:
        await ScriptedExecutor(scripts="lost").execute(Script(argv=("true",)))
    assert str(failed.value) == (
        '`true` could not be started: there are no Scripts "lost" in this process. Make them in '
        "the test, and hold them."
    )
