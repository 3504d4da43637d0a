"""What ended long ago is forgotten, whole; what is young, live or recorded stays."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from sqlalchemy import event, func
from sqlmodel import Session, SQLModel, select

from bot.states import LIVE, State
from bot.store.database import Database
from bot.store.retention import Pruned, prune
from bot.store.tables import (
    Delivery,
    Deployed,
    Deployment,
    DoneOnce,
    Place,
    Printed,
    Recorded,
    Rollout,
    Run,
    Signal,
    Step,
    Tenant,
    Wait,
)
from tests.store.long_ago import (
    LATELY,
    LONG_AGO,
    MONTH,
    NOW,
    delivery,
    fleet,
    printed,
    rollout,
    run,
    step,
)

T = TypeVar("T")


async def store(database: Database, *rows: SQLModel) -> None:
    await database.write(lambda session: session.add_all(rows))


async def left(database: Database, column: Any) -> list[Any]:
    def read(session: Session) -> list[Any]:
        return sorted(session.exec(select(column)))

    return await database.read(read)


async def how_many(database: Database, table: type[SQLModel]) -> int:
    query = select(func.count()).select_from(table)
    return await database.read(lambda session: session.exec(query).one())


async def test_a_run_goes_with_all_that_belongs_to_it(database: Database) -> None:
    await store(
        database,
        run("old"),
        step("old"),
        printed("old"),
        Signal(run_id="old", name="approve", payload="{}", sent_by="maya", sent_at=LONG_AGO),
        Place(run_id="old", lane="tenant:acme", most=1),
        Wait(step="s", waiter_id="old", target_id="gone"),
        Wait(step="s", waiter_id="gone", target_id="old"),
        run("nested", root="old"),
        step("nested"),
    )

    pruned = await prune(database, MONTH, NOW)

    assert pruned == Pruned(runs=2, steps=2, printed=1, waits=2, places=1, signals=1)
    for column in (Run.id, Step.run_id, Printed.run_id, Signal.name, Place.lane, Wait.waiter_id):
        assert await left(database, column) == []


@pytest.mark.parametrize("state", [state for state in State if state.terminal])
async def test_however_it_ended_it_goes(database: Database, state: State) -> None:
    await store(database, run("old", state=state))

    assert (await prune(database, MONTH, NOW)).runs == 1


async def test_what_is_younger_stays(database: Database) -> None:
    await store(database, run("a", at=LATELY), step("a"), run("b"), run("c", at=NOW - MONTH))

    assert await prune(database, MONTH, NOW) == Pruned(runs=1)
    assert await left(database, Run.id) == ["a", "c"]
    assert await left(database, Step.run_id) == ["a"]


@pytest.mark.parametrize("state", LIVE)
async def test_what_is_live_stays_with_all_that_it_is_made_of(
    database: Database, state: State
) -> None:
    await store(database, *fleet("live", state=state), *fleet("old"))

    assert (await prune(database, MONTH, NOW)).runs == 10
    assert len(await left(database, Run.id)) == 10
    assert all(name.startswith("live") for name in await left(database, Step.run_id))


@pytest.mark.parametrize(
    "straggler",
    [
        run("straggler", parent="old", state=State.QUEUED),
        run("straggler", parent="old", at=LATELY),
        run("straggler", parent="old-0-service", state=State.RUNNING),
        run("straggler", root="old-1", parent="old-1-service", at=LATELY),
    ],
    ids=["queued", "young", "handed over by what is nested", "nested in what was handed over"],
)
async def test_a_family_stays_while_one_of_it_does(database: Database, straggler: Run) -> None:
    await store(database, *fleet("old"), Run(**straggler.model_dump()))

    assert await prune(database, MONTH, NOW) == Pruned()


async def test_a_child_whose_parent_is_forgotten_goes_by_itself(database: Database) -> None:
    await store(database, run("orphan", parent="forgotten"), run("nested", root="orphan"))

    assert (await prune(database, MONTH, NOW)).runs == 2


async def test_what_a_live_rollout_refers_to_stays(database: Database) -> None:
    await store(
        database,
        *fleet("rolled out"),
        *fleet("rolling out"),
        *fleet("deploying"),
        rollout("1", "rolled out", State.SUCCEEDED),
        rollout("2", "rolling out", State.RUNNING),
        rollout("3", None, State.WAITING),
        Deployment(
            rollout_id="3",
            tenant="acme",
            state=State.SUCCEEDED,
            reason="",
            run_id="deploying-1",
        ),
    )

    assert (await prune(database, MONTH, NOW)).runs == 10
    assert {name.partition("-")[0] for name in await left(database, Run.id)} == {
        "rolling out",
        "deploying",
    }


async def test_what_a_live_run_waits_for_stays(database: Database) -> None:
    await store(
        database,
        *fleet("shared"),
        *fleet("old"),
        run("waiter", state=State.WAITING),
        Wait(step="s", waiter_id="waiter", target_id="shared-1-database"),
        Wait(step="s", waiter_id="shared", target_id="old"),
    )

    assert (await prune(database, MONTH, NOW)).runs == 10
    assert await left(database, Wait.waiter_id) == ["waiter"]
    assert {name.partition("-")[0] for name in await left(database, Run.id)} == {"shared", "waiter"}


async def test_what_is_recorded_is_never_forgotten(database: Database) -> None:
    recorded = [
        Recorded(identity="backend-acme", kind="", run_id="old", updated_at=LONG_AGO),
        DoneOnce(
            identity="acme", name="account", kind="", result="", run_id="old", done_at=LONG_AGO
        ),
        Tenant(name="acme", created_at=LONG_AGO),
        Deployed(tenant="acme", service="backend", revision="a", updated_at=LONG_AGO),
        rollout("1", "old", State.SUCCEEDED),
        Deployment(rollout_id="1", tenant="acme", state=State.SUCCEEDED, reason="", run_id="old"),
    ]
    await store(database, run("old"), *recorded)

    assert await prune(database, MONTH, NOW) == Pruned(runs=1)
    tables = (Recorded, DoneOnce, Tenant, Deployed, Rollout, Deployment)
    assert [await how_many(database, table) for table in tables] == [1] * 6


class Meddled(Database):
    """A store in which somebody asks for a run again whenever something is about to be written."""

    async def write(self, work: Callable[[Session], T]) -> T:
        await super().write(ask_for_it_again)
        return await super().write(work)


def ask_for_it_again(session: Session) -> None:
    wanted = session.get(Run, "a-1-service")
    if wanted is not None:
        wanted.state, wanted.finished_at = State.QUEUED, None


async def test_a_run_that_is_asked_for_again_in_the_last_moment_stays(database_url: str) -> None:
    async with Database(database_url) as database, Meddled(database_url) as meddled:
        await store(database, *fleet("a"), *fleet("b"))

        assert (await prune(meddled, MONTH, NOW)).runs == 10
        assert {name.partition("-")[0] for name in await left(database, Run.id)} == {"a"}
        assert len(await left(database, Step.run_id)) == 19


async def test_two_who_prune_at_once_do_not_disturb_each_other(database_url: str) -> None:
    async with Database(database_url) as one, Database(database_url) as other:
        await store(one, *(row for name in "abcdefgh" for row in fleet(name)))

        counts = await asyncio.gather(
            prune(one, MONTH, NOW, batch=60), prune(other, MONTH, NOW, batch=60)
        )

        assert await left(one, Run.id) == []
        assert await without_a_run(one) == []
        assert sum(count.runs for count in counts) == 80


async def test_deliveries_go_when_they_were_handled_long_ago(database: Database) -> None:
    await store(
        database,
        *(
            delivery(f"old {state}", state, LONG_AGO)
            for state in (State.SUCCEEDED, State.SKIPPED, State.FAILED)
        ),
        delivery("young", State.SUCCEEDED, LATELY),
        delivery("tried long ago, and put off", State.QUEUED, LONG_AGO),
        delivery("never tried", State.QUEUED, None),
    )

    assert await prune(database, MONTH, NOW, batch=2) == Pruned(deliveries=3)
    assert await left(database, Delivery.guid) == [
        "never tried",
        "tried long ago, and put off",
        "young",
    ]


async def test_thousands_of_rows_go_in_small_transactions(database: Database) -> None:
    old = [row for number in range(100) for row in fleet(f"old {number}")]
    young = [row for number in range(20) for row in fleet(f"young {number}", at=LATELY)]
    await store(database, *old, *young, *fleet("many tenants", tenants=100))

    with counted(database) as transactions:
        pruned = await prune(database, MONTH, NOW, batch=150)

    assert pruned.runs == 100 * 10 + 301
    assert (pruned.steps, pruned.printed) == (100 * 19 + 601, 100 * 12 + 400)
    assert max(transactions) <= 150 * 1.1
    assert len(transactions) < pruned.runs / 10
    assert len(await left(database, Run.id)) == 20 * 10
    assert await prune(database, MONTH, NOW) == Pruned()


@contextmanager
def counted(database: Database) -> Iterator[list[int]]:
    """Count the rows that each transaction deletes."""
    transactions = [0]

    def executed(_: object, cursor: Any, statement: str, *__: object) -> None:
        if statement.startswith("DELETE"):
            transactions[-1] += cursor.rowcount

    def committed(_: object) -> None:
        if transactions[-1]:
            transactions.append(0)

    event.listen(database.engine, "after_cursor_execute", executed)
    event.listen(database.engine, "commit", committed)
    try:
        yield transactions
    finally:
        event.remove(database.engine, "after_cursor_execute", executed)
        event.remove(database.engine, "commit", committed)


@contextmanager
def power_cut(database: Database, at: int) -> Iterator[None]:
    """Break the deletion that comes as number `at`."""
    deletions = 0

    def executing(_: object, __: object, statement: str, *___: object) -> None:
        nonlocal deletions
        if statement.startswith("DELETE"):
            deletions += 1
            if deletions == at:
                raise RuntimeError("cut off")

    event.listen(database.engine, "before_cursor_execute", executing)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", executing)


@pytest.mark.parametrize("at", [1, 3, 7, 10, 20, 34])
async def test_a_prune_that_is_cut_off_leaves_whole_runs(database: Database, at: int) -> None:
    await store(
        database, *(row for name in "abcdefgh" for row in fleet(name)), *fleet("z", tenants=9)
    )
    before = await trees(database)

    with power_cut(database, at), pytest.raises(RuntimeError, match="cut off"):
        await prune(database, MONTH, NOW, batch=80)

    after = await trees(database)
    assert after.items() <= before.items()
    assert len(after) == len(before) or at > 7
    assert await without_a_run(database) == []
    assert (await prune(database, MONTH, NOW)).runs == sum(runs for runs, _, _ in after.values())


async def trees(database: Database) -> dict[str, tuple[int, int, int]]:
    """Answer of each root how many runs, steps and printed pieces there are."""

    def read(session: Session) -> dict[str, tuple[int, int, int]]:
        runs: Sequence[Run] = session.exec(select(Run)).all()
        steps = session.exec(select(Step.run_id)).all()
        pieces = session.exec(select(Printed.run_id)).all()
        return {
            root: (
                len(ids := [run.id for run in runs if run.root_id == root]),
                sum(id_ in ids for id_ in steps),
                sum(id_ in ids for id_ in pieces),
            )
            for root in {run.root_id for run in runs}
        }

    return await database.read(read)


async def without_a_run(database: Database) -> list[str]:
    """Answer what belongs to a run that is not there, or has no root or parent."""
    runs = set(await left(database, Run.id))
    columns = (Run.root_id, Step.run_id, Printed.run_id, Place.run_id)
    belonging = [id_ for column in columns for id_ in await left(database, column)]
    parents = await database.read(lambda session: session.exec(select(Run.parent_id)).all())
    return [id_ for id_ in (*belonging, *parents) if id_ is not None and id_ not in runs]
