"""What `await self.do(name, x)` promises to whoever writes a workflow."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from resources import Action, StepFailed, Workflow
from tests.engine.conftest import NewEngine
from tests.engine.engines import engine_on
from tests.engine.things import Account, Ledger, OpenAccount


class Steps(Workflow):
    """Runs the body that the test gives to the engine."""

    async def define(self) -> Any:
        return await self.given(Body).code(self)


class Body:
    def __init__(self, code: Callable[[Workflow], Any]) -> None:
        self.code = code


@pytest.fixture
def run(database: Any, ledger: Ledger) -> Callable[[Callable[[Workflow], Any]], Any]:
    """Runs a body as a workflow, and answers its result."""

    async def run_body(code: Callable[[Workflow], Any]) -> Any:
        async with engine_on(database, given=[ledger, Body(code)]) as engine:
            return await engine.run(Steps())

    return run_body


async def nothing() -> None:
    return None


async def test_a_steps_result_comes_back_in_its_own_type(run: Any) -> None:
    async def body(self: Workflow) -> int:
        account = await self.do("open", OpenAccount(name="acme"))
        assert isinstance(account, Account)
        return account.number

    assert await run(body) == 4


async def test_a_step_without_annotation_answers_what_a_replay_would_answer(run: Any) -> None:
    async def pair():  # type: ignore[no-untyped-def]
        return (1, Account(number=2))

    async def body(self: Workflow) -> Any:
        return await self.do("pair", pair)

    assert await run(body) == [1, {"number": 2}]


async def test_a_name_may_return_in_a_loop(run: Any, ledger: Ledger) -> None:
    async def body(self: Workflow) -> list[int]:
        numbers = []
        for name in ("a", "bb", "ccc"):
            account = await self.do("open", OpenAccount(name=name))
            numbers.append(account.number)
        return numbers

    assert await run(body) == [1, 2, 3]
    assert ledger.entries == ["open a", "open bb", "open ccc"]


async def test_two_tasks_may_not_use_one_name(run: Any) -> None:
    async def body(self: Workflow) -> None:
        await asyncio.gather(self.do("open", nothing), self.do("open", nothing))

    with pytest.raises(StepFailed, match="asks for the step `open` in two tasks"):
        await run(body)


async def test_steps_side_by_side_are_told_apart_by_name(run: Any, ledger: Ledger) -> None:
    async def body(self: Workflow) -> list[int]:
        names = ("a", "bb")
        accounts = await asyncio.gather(
            *(self.do(f"open-{name}", OpenAccount(name=name)) for name in names)
        )
        return [account.number for account in accounts]

    assert await run(body) == [1, 2]


async def test_a_failure_names_the_step_and_says_why(run: Any) -> None:
    async def explode() -> None:
        raise ValueError("the disk is full")

    async def body(self: Workflow) -> None:
        await self.do("resize-disk", explode)

    with pytest.raises(StepFailed) as failed:
        await run(body)
    assert failed.value.step == "resize-disk"
    assert failed.value.reason == "ValueError: the disk is full"
    assert failed.value.cause_name == "ValueError"
    assert "The step `resize-disk` of " in str(failed.value)


async def test_a_workflow_may_catch_a_failure_and_go_on(run: Any, ledger: Ledger) -> None:
    async def explode() -> None:
        raise ValueError("no")

    async def body(self: Workflow) -> str:
        try:
            await self.do("explode", explode)
        except StepFailed as failed:
            await self.do("open", OpenAccount(name=failed.step))
            return "caught"
        return "not caught"

    assert await run(body) == "caught"
    assert ledger.entries == ["open explode"]


async def test_a_workflow_in_a_workflow_has_names_of_its_own(run: Any, ledger: Ledger) -> None:
    class Inner(Workflow):
        name: str

        async def define(self) -> int:
            account = await self.do("open", OpenAccount(name=self.name))
            return account.number

    async def body(self: Workflow) -> int:
        await self.do("open", OpenAccount(name="outer"))
        return await self.do("inner", Inner(name="in"))

    assert await run(body) == 2


async def test_steps_that_were_left_going_end_before_the_run_does(run: Any, ledger: Ledger) -> None:
    async def slow() -> None:
        await ledger.gate("slow").wait()
        ledger.note("slow ended")

    async def fail() -> None:
        ledger.gate("slow").set()
        raise ValueError("fast")

    async def body(self: Workflow) -> None:
        await asyncio.gather(self.do("slow", slow), self.do("fail", fail))

    with pytest.raises(StepFailed, match="fast"):
        await run(body)
    assert ledger.entries == ["slow ended"]


@pytest.mark.parametrize("name", ["", "a/b", "a[b]", "läuft", "x" * 121, " padded "])
async def test_a_name_that_cannot_be_shown_is_refused(run: Any, name: str) -> None:
    async def body(self: Workflow) -> None:
        await self.do(name, nothing)

    with pytest.raises(StepFailed, match="is no name for a step"):
        await run(body)


async def test_a_coroutine_that_was_called_already_is_refused(run: Any) -> None:
    async def body(self: Workflow) -> None:
        called = nothing()
        try:
            await self.do("call", called)  # type: ignore[call-overload]
        finally:
            called.close()

    with pytest.raises(StepFailed, match="not a coroutine that was called already"):
        await run(body)


async def test_a_result_that_is_no_json_is_refused(run: Any) -> None:
    async def handle() -> object:
        return object()

    async def body(self: Workflow) -> None:
        await self.do("open-handle", handle)

    with pytest.raises(StepFailed, match="cannot be stored as JSON"):
        await run(body)


async def test_a_result_that_is_not_what_it_promises_is_refused(run: Any) -> None:
    async def number() -> int:
        return "seven"  # type: ignore[return-value]

    async def body(self: Workflow) -> None:
        await self.do("count", number)

    with pytest.raises(StepFailed, match="a str is not the <class 'int'> that it promises"):
        await run(body)


async def test_a_result_as_large_as_a_file_is_refused(run: Any) -> None:
    async def much() -> str:
        return "x" * 1_000_001

    async def body(self: Workflow) -> None:
        await self.do("read-file", much)

    with pytest.raises(StepFailed, match="at most 1,000,000 are kept"):
        await run(body)


async def test_an_action_has_no_steps_of_its_own(run: Any) -> None:
    class Greedy(Action):
        async def run(self) -> None:
            await self.scope.do("more", nothing, None, {})

    async def body(self: Workflow) -> None:
        await self.do("greedy", Greedy())

    with pytest.raises(StepFailed, match="Make it a workflow"):
        await run(body)


async def test_what_the_process_was_not_given_is_named(run: Any) -> None:
    class Unknown(BaseModel):
        pass

    async def body(self: Workflow) -> None:
        self.given(Unknown)

    with pytest.raises(StepFailed, match="asks for a Unknown, which this process was not given"):
        await run(body)


async def test_a_definition_outside_a_run_says_so() -> None:
    with pytest.raises(Exception, match="Steps is not running"):
        await Steps().do("open", nothing)


async def test_an_action_can_be_run_by_itself(new_engine: NewEngine, ledger: Ledger) -> None:
    async with new_engine() as engine:
        assert await engine.run(OpenAccount(name="acme")) == Account(number=4)
