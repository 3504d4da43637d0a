"""An executor is an argument: it goes through JSON and comes back as the class it was."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from resources.executors import Executor, LocalExecutor, Script, ScriptResult
from resources.executors.executor import unheard
from resources.executors.failures import duration, ended
from resources.library import CloudExecutor, Environment


class Remembering(Executor):
    """An executor that somebody else wrote."""

    host: str
    inner: Executor = LocalExecutor()

    async def execute(
        self, script: Script, on_output: Callable[[str], None] = unheard
    ) -> ScriptResult:
        return await self.inner.execute(script, on_output)


class Holder(BaseModel):
    executor: Executor
    others: Mapping[str, Executor] = {}


def test_a_field_keeps_the_class_and_its_fields() -> None:
    held = Holder(
        executor=Remembering(host="a", inner=LocalExecutor(cwd=Path("/tmp"))),  # noqa: S108
        others={
            "local": LocalExecutor(environment={"STAGE": "test"}),
            "cloud": CloudExecutor(Environment(directory=Path("a"), database=Path("b"))),
        },
    )

    assert Holder.model_validate_json(held.model_dump_json()) == held
    assert Holder.model_validate(held.model_dump()) == held


def test_an_executor_by_itself_keeps_its_class() -> None:
    adapter: TypeAdapter[Executor] = TypeAdapter(Executor)

    assert adapter.validate_json(adapter.dump_json(LocalExecutor())) == LocalExecutor()


def test_the_class_is_written_down() -> None:
    held = Holder(executor=LocalExecutor(cwd=None)).model_dump(mode="json")

    assert held["executor"]["executor"] == "resources.executors.local:LocalExecutor"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"executor": "os:path"}, "os:path is no executor"),
        ({"executor": "nowhere.at.all:Thing"}, "there is no executor nowhere.at.all:Thing"),
        ({"executor": "resources.executors.local:Gone"}, "there is no executor"),
        ({"executor": "pydantic:BaseModel"}, "pydantic:BaseModel is no executor"),
        ({"executor": "resources.executors.executor:Executor"}, "Executor is no class of"),
        ({}, "Executor is no class of"),
    ],
)
def test_what_is_no_executor_is_refused(data: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Holder.model_validate({"executor": data})


def test_a_field_for_one_class_refuses_another() -> None:
    class Local(BaseModel):
        executor: LocalExecutor

    with pytest.raises(ValidationError, match="Remembering is no class of LocalExecutor"):
        Local.model_validate({"executor": Remembering(host="a").model_dump(mode="json")})


async def test_a_cloud_executor_runs_where_its_environment_is(tmp_path: Path) -> None:
    environment = Environment(
        directory=tmp_path, database=tmp_path / "db", variables={"STAGE": "test"}
    )

    script = Script(argv=("sh", "-c", "pwd; echo $STAGE"))
    result = await CloudExecutor(environment).execute(script)

    assert result.output == f"{tmp_path}\ntest\n"


@pytest.mark.parametrize("argv", [(), ("",), ("echo", "a\0b")])
def test_a_script_that_can_never_start_is_refused(argv: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError):
        Script(argv=argv)


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (timedelta(minutes=10), "10 minutes"),
        (timedelta(hours=1, minutes=30), "1 hour 30 minutes"),
        (timedelta(seconds=1.5), "1.5 seconds"),
        (timedelta(0), "0 seconds"),
    ],
)
def test_a_duration_is_said_in_words(period: timedelta, words: str) -> None:
    assert duration(period) == words


def test_a_long_command_and_a_long_output_are_shortened() -> None:
    lines = "\n".join(str(number) for number in range(100))
    script = Script(argv=("echo", "x" * 300))

    failed = ended(script, 1, ScriptResult(output=f"{lines}\n", total_bytes=290))

    assert str(failed).startswith(f"`echo {'x' * 195}…` ended with status 1. Its last lines:\n[")
    assert failed.tail.splitlines()[0] == "[170 bytes before this are left out]"
    assert failed.tail.splitlines()[1:] == [str(number) for number in range(60, 100)]
