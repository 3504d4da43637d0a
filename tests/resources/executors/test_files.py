"""What every executor promises about the environment of a script, and its files."""

import pytest
from pydantic import ValidationError

from resources.errors import ScriptFailed
from resources.executors import Executor, LocalExecutor, Script, ScriptResult
from tests.resources.scripts import shell

OF_ITSELF = {"HOSTNAME", "PWD", "OLDPWD", "SHLVL", "_"}


async def test_the_environment_of_the_bot_does_not_leak(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORBITS_GITHUB_WEBHOOK_SECRET", "hidden")

    result = await executor.execute(Script(argv=("env",), environment={"STAGE": "test"}))

    names = {line.partition("=")[0] for line in result.output.splitlines()}
    assert names <= {*LocalExecutor().inherits, "STAGE", "ORBITS_SCRIPT", *OF_ITSELF}
    assert "STAGE=test\n" in result.output


async def test_a_value_of_the_environment_arrives_as_it_is(executor: Executor) -> None:
    values = {"QUOTED": 'it\'s "$HOME" `id` \\', "LINES": "one\n\ntwo\n", "EMPTY": "", "UTF": "€"}
    program = 'printf "%s|%s|%s|%s" "$QUOTED" "$LINES" "${EMPTY-unset}" "$UTF"'

    result = await executor.execute(shell(program, environment=values))

    assert result.output == "|".join(values.values())


async def test_files_go_in_and_out(executor: Executor) -> None:
    files = {"in.sql": b"select 1;\n", "deep/down/raw": bytes(range(256)), "a b'c": b""}
    program = 'cat in.sql; mkdir made; cp deep/down/raw made/copy; wc -c < "a b\'c" > made/size'

    result = await executor.execute(shell(program, files=files, outputs=("made/copy", "made/size")))

    assert result.output == "select 1;\n"
    assert result.files == {"made/copy": bytes(range(256)), "made/size": b"0\n"}
    assert ScriptResult.model_validate_json(result.model_dump_json()) == result


async def test_a_script_with_files_has_a_folder_of_its_own(executor: Executor) -> None:
    script = shell("ls; echo mark > made", files={"given": b""})

    first, second = await executor.execute(script), await executor.execute(script)

    assert first.output == second.output == "given\n"


async def test_an_output_that_is_not_there_is_named(executor: Executor) -> None:
    with pytest.raises(ScriptFailed) as failed:
        await executor.execute(shell("echo well", outputs=("plan.json",)))

    assert str(failed.value) == (
        "`sh -c 'echo well'` ended with status 0, but its output plan.json is not there. "
        "Its last lines:\nwell"
    )


@pytest.mark.parametrize("made", ["mkfifo plan", "mkdir plan", "ln -s plan plan"])
async def test_an_output_that_is_no_file_is_refused(executor: Executor, made: str) -> None:
    with pytest.raises(ScriptFailed, match="but its output plan is not there"):
        await executor.execute(shell(made, outputs=("plan",)))


async def test_an_output_that_is_too_large_is_refused(executor: Executor) -> None:
    script = shell("head -c 6000000 /dev/zero | tee a > b", outputs=("a", "b"))

    with pytest.raises(ScriptFailed, match="its output b is more than the 10,000,000 bytes"):
        await executor.execute(script)


@pytest.mark.parametrize(
    "wrong",
    [
        {"files": {"../up": b""}},
        {"files": {"/etc/passwd": b""}},
        {"files": {"": b""}},
        {"files": {"a//b": b""}},
        {"files": {"a\nb": b""}},
        {"files": {"large": b"x" * 10_000_001}},
        {"outputs": ("-x",)},
        {"outputs": ("..",)},
        {"outputs": ("plan",), "cwd": "/srv"},
        {"environment": {"a=b": "c"}},
        {"environment": {"a": "\0"}},
        {"key": "../x"},
        {"key": ""},
    ],
)
def test_a_script_that_cannot_be_carried_out_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Script.model_validate({"argv": ("true",), **wrong})
