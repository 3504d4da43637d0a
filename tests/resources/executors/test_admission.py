"""Scripts that wait for their turn on this machine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import accumulate
from pathlib import Path

import pytest

from resources.errors import ScriptFailed
from resources.executors import Executor, LocalExecutor, SandboxExecutor, Script
from resources.executors.admission import Admission, admitted, admitting
from resources.executors.load import Load
from tests.resources.executors.conftest import demand_bubblewrap
from tests.resources.scripts import python, shell

PLENTY = 10**12
SMALL = 10_000_000


def unseen(_: int) -> Load | None:
    """See nothing of a process: what was thought of it at first holds to its end."""
    return None


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    async with asyncio.timeout(60):
        yield


async def until(fact: Callable[[], bool]) -> None:
    """Wait for a fact."""
    async with in_time():
        while not fact():  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.01)


def going_at_once(log: Path) -> int:
    """Answer how many scripts went on at once at most, as they noted it themselves."""
    changes = [1 if line == "+" else -1 for line in log.read_text().split()]
    return max(accumulate(changes))


@pytest.fixture(params=["local", "sandbox"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Executor:
    if request.param == "local":
        return LocalExecutor()
    demand_bubblewrap()
    return SandboxExecutor(writable=(tmp_path,))


async def test_of_forty_scripts_no_more_go_on_than_there_is_room_for_and_in_their_order(
    tmp_path: Path, here: Executor
) -> None:
    begun: list[int] = []
    log = tmp_path / "log"
    admission = Admission(2, PLENTY, unseen)

    async def one(number: int) -> None:
        noting = f"echo + >> {log}; echo here; echo - >> {log}"
        await here.execute(shell(noting), lambda _: begun.append(number))

    with admitting(admission):
        tasks = [asyncio.create_task(one(number)) for number in range(40)]
        await until(lambda: len(begun) >= 5)
        for number in (20, 21, 30):
            tasks[number].cancel()
        async with in_time():
            await asyncio.gather(*tasks, return_exceptions=True)

    assert going_at_once(log) <= 2
    assert set(begun) == set(range(40)) - {20, 21, 30}
    # Of two that go on at once, either may be heard of first.
    assert all(abs(place - number) <= 4 for place, number in enumerate(begun))
    assert (admission.inside, admission.in_line) == (0, 0)


async def test_turns_are_given_in_the_order_in_which_they_were_asked_for() -> None:
    admission, order = Admission(1, PLENTY, unseen), list[int]()

    async def one(number: int) -> None:
        async with admission.admitted("a"):
            order.append(number)
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(one(number)) for number in range(40)]
    await asyncio.sleep(0)
    for number in (7, 8, 39):
        tasks[number].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert order == [number for number in range(40) if number not in {7, 8, 39}]
    assert (admission.inside, admission.in_line) == (0, 0)


async def test_who_is_cancelled_as_its_turn_comes_gives_it_to_the_next() -> None:
    admission, entered = Admission(1, PLENTY, unseen), list[str]()

    async def one(name: str) -> None:
        async with admission.admitted(name):
            entered.append(name)

    async with admission.admitted("first"):
        second, third = (asyncio.create_task(one(name)) for name in ("second", "third"))
        await until(lambda: admission.in_line == 2)
    # Its turn has come, and it has not heard of it.
    second.cancel()
    await asyncio.gather(second, third, return_exceptions=True)

    assert entered == ["third"]
    assert (admission.inside, admission.in_line) == (0, 0)


async def test_a_script_that_fails_or_cannot_start_gives_its_place_back(tmp_path: Path) -> None:
    admission, executor = Admission(1, PLENTY), LocalExecutor()
    with admitting(admission):
        for argv in (("false",), ("no-such-program",)):
            with pytest.raises(ScriptFailed):
                await executor.execute(Script(argv=argv))
            assert (admission.inside, admission.in_line) == (0, 0)


async def test_the_time_in_line_is_none_of_the_script_s(tmp_path: Path) -> None:
    admission, executor = Admission(1, PLENTY, unseen), LocalExecutor()
    with admitting(admission):
        async with admission.admitted("another"):
            quick = shell("echo done", timeout=timedelta(seconds=20))
            going = asyncio.create_task(executor.execute(quick))
            await until(lambda: admission.in_line == 1)
            assert not going.done()
        async with in_time():
            assert (await going).output == "done\n"


async def test_one_that_only_waits_lets_others_work(tmp_path: Path) -> None:
    """Each waits for the next, and there is room for one at work: alone it would wait for ever."""
    admission, executor = Admission(1, PLENTY), LocalExecutor()
    wait = "import os, sys, time\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.05)"
    with admitting(admission):
        waiting = [
            asyncio.create_task(executor.execute(python(wait, str(tmp_path / "go"))))
            for _ in range(3)
        ]
        go = executor.execute(shell('touch "$0"', str(tmp_path / "go")))
        async with in_time():
            await asyncio.gather(go, *waiting)


async def test_what_a_script_needs_is_learned_while_it_runs(tmp_path: Path) -> None:
    looks: list[Load] = []

    def look(_: int) -> Load:
        now = len(looks) + 1.0
        looks.append(Load(at=1e9 + now, cpu=0.0, whole=9_000_000, own=5_000_000))
        return looks[-1]

    admission = Admission(4, 600 * 1024 * 1024, look)
    with admitting(admission):
        holds = shell('while [ ! -e "$0" ]; do sleep 0.02; done', str(tmp_path / "go"), sort="psql")
        executor = LocalExecutor()
        first = asyncio.create_task(executor.execute(holds))
        # An unknown one is thought to need 512 MB, so there is room for no second one at first.
        await until(lambda: len(looks) > 0)
        others = [asyncio.create_task(executor.execute(holds)) for _ in range(3)]
        await until(lambda: len(looks) >= 4)
        (tmp_path / "go").touch()
        async with in_time():
            await asyncio.gather(first, *others)


async def test_remote_and_unlimited_scripts_wait_for_nobody() -> None:
    async with admitted("anything"), admitted("anything"):
        result = await LocalExecutor().execute(shell("echo done"))
    assert result.output == "done\n"


async def test_tasks_that_begin_within_inherit_it_and_later_ones_do_not() -> None:
    admission, executor = Admission(1, PLENTY, unseen), LocalExecutor()
    with admitting(admission):
        async with admission.admitted("another"):
            inherits = asyncio.create_task(executor.execute(shell("true")))
            await until(lambda: admission.in_line == 1)
    async with admission.admitted("another"):
        await executor.execute(shell("true"))
    await inherits
