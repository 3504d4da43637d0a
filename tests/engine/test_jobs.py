"""Hints travel through PostgreSQL: late, twice or lost, and no run is forgotten."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from procrastinate.schema import SchemaManager
from sqlalchemy import Engine, text
from sqlmodel import Session
from structlog.testing import capture_logs

from bot.engine.dispatch import Dispatch, Hint, Look
from bot.engine.jobs import Jobs, Patience
from bot.states import State
from bot.store.database import Database
from bot.store.jobs_schema import JobsSchemaUnknown, jobs_are_current, upgrade_jobs
from bot.store.tables import Owner, Run
from tests.postgres import Postgres, StartedPostgres

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WITHIN_SECONDS = 30
IMPATIENT = Patience(
    look_again_after=timedelta(milliseconds=50),
    heartbeat=timedelta(milliseconds=200),
    no_answer_after=timedelta(seconds=1),
    first_pause=timedelta(milliseconds=20),
    longest_pause=timedelta(milliseconds=200),
)
SURELY_LISTENS = 10
NEVER = timedelta(hours=1)


@pytest.fixture
def store(postgres_url: str) -> Iterator[Engine]:
    yield from _store(postgres_url)


@pytest.fixture
def jobs(postgres_url: str) -> Jobs:
    return Jobs(postgres_url, IMPATIENT)


@pytest.fixture
def fragile_url(fragile_postgres: StartedPostgres) -> Iterator[str]:
    url = fragile_postgres.new_database()
    yield url
    fragile_postgres.drop(url)


@pytest.fixture
def fragile_store(fragile_url: str) -> Iterator[Engine]:
    yield from _store(fragile_url)


def _store(url: str) -> Iterator[Engine]:
    store = Database(url).engine
    with store.begin() as connection:
        upgrade_jobs(connection)
    yield store
    store.dispose()


class Looks:
    """Looks at runs, and notes which; a look at a run of `held` goes on until it is let go."""

    def __init__(self, *held: str) -> None:
        self.seen: list[str] = []
        self.going: list[str] = []
        self.cancelled: list[str] = []
        self._held = {run: asyncio.Event() for run in held}
        self._changed = asyncio.Condition()

    async def look(self, run_id: str) -> None:
        self.going.append(run_id)
        self.seen.append(run_id)
        await self._tell()
        try:
            if run_id in self._held:
                await self._held[run_id].wait()
        except asyncio.CancelledError:
            self.cancelled.append(run_id)
            raise
        finally:
            self.going.remove(run_id)
        await self._tell()

    def let_go(self, *runs: str) -> None:
        for run in runs:
            self._held[run].set()

    async def until_seen(self, *runs: str) -> None:
        async with asyncio.timeout(WITHIN_SECONDS), self._changed:
            await self._changed.wait_for(lambda: set(runs) <= set(self.seen))

    async def until_over(self, run_id: str) -> None:
        async with asyncio.timeout(WITHIN_SECONDS), self._changed:
            await self._changed.wait_for(lambda: run_id not in self.going)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


@contextlib.asynccontextmanager
async def delivering(dispatch: Dispatch, look: Look, at_once: int = 10) -> AsyncIterator[None]:
    """A process at work; it is stopped gracefully at the end."""
    process = asyncio.create_task(dispatch.deliver(look, at_once))
    try:
        yield
    finally:
        process.cancel()
        async with asyncio.timeout(WITHIN_SECONDS):
            await asyncio.wait([process])
    assert process.cancelled()


def announce(dispatch: Dispatch, store: Engine, *hints: str | Hint) -> None:
    with store.begin() as connection:
        dispatch.announce(connection, [Hint(h) if isinstance(h, str) else h for h in hints])


def reissue(dispatch: Dispatch, store: Engine) -> int:
    with store.begin() as connection:
        return dispatch.reissue(connection)


def rows(store: Engine, statement: str) -> Sequence[Any]:
    with store.begin() as connection:
        result = connection.execute(text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


def waiting(store: Engine) -> list[str]:
    """Answer the runs that have a job waiting, in the order in which they are looked at."""
    statement = (
        "SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo'"
        " ORDER BY priority DESC, id"
    )
    return [run for (run,) in rows(store, statement)]


def fetched_by_another_worker(store: Engine) -> int:
    """Let a worker fetch a job, as a process does that then says nothing any more."""
    [(worker,)] = rows(store, "SELECT worker_id FROM procrastinate_register_worker_v1()")
    rows(store, f"SELECT procrastinate_fetch_job_v2('{{orbits}}', {worker})")
    return int(worker)


def add_run(store: Engine, run_id: str, **facts: Any) -> None:
    values: dict[str, Any] = {"root_id": run_id, "identity": f"site-{run_id}"}
    values |= {"state": State.QUEUED, "created_at": NOON} | facts
    with Session(store) as session:
        session.add(
            Run(
                id=run_id,
                command="update",
                kind="site",
                arguments="{}",
                fingerprint=run_id,
                **values,
            )
        )
        session.commit()


def add_owner(store: Engine, owner: str) -> None:
    with Session(store) as session:
        session.add(Owner(id=owner, host="here", pid=1, started_at=NOON, heartbeat_at=NOON))
        session.commit()


async def test_a_run_is_looked_at_when_its_announcement_commits_and_not_before(
    jobs: Jobs, store: Engine
) -> None:
    looks = Looks()
    async with delivering(jobs, looks.look):
        with store.begin() as connection:
            jobs.announce(connection, [Hint("early")])
            announce(jobs, store, "late")
            await looks.until_seen("late")
            assert looks.seen == ["late"]
        await looks.until_seen("early")


async def test_a_notification_wakes_a_process_that_would_not_look_again_by_itself(
    postgres_url: str, store: Engine
) -> None:
    jobs = Jobs(postgres_url, Patience(look_again_after=NEVER))
    looks = Looks()
    seen = 0
    async with delivering(jobs, looks.look):
        # It looks while it begins to listen: only what comes after both was surely heard of.
        for number in range(300):
            announce(jobs, store, f"run-{number}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(looks.until_seen(f"run-{number}"), 0.1)
                seen += 1
            if seen == SURELY_LISTENS:
                break
        announce(jobs, store, "the-next")
        await looks.until_seen("the-next")


async def test_a_transaction_that_is_rolled_back_announces_nothing(
    jobs: Jobs, store: Engine
) -> None:
    with store.connect() as connection:
        jobs.announce(connection, [Hint("never")])
        connection.rollback()

    assert waiting(store) == []


def test_a_run_that_is_announced_again_waits_once_with_the_higher_priority(
    jobs: Jobs, store: Engine
) -> None:
    announce(jobs, store, "one", "one", "other")
    announce(jobs, store, Hint("other", priority=5), "one")
    announce(jobs, store, "other")

    assert waiting(store) == ["other", "one"]


def test_nothing_to_announce_is_nothing_to_do(jobs: Jobs, store: Engine) -> None:
    announce(jobs, store)

    assert waiting(store) == []


def test_two_processes_that_announce_the_same_run_at_once_both_go_on(
    jobs: Jobs, store: Engine
) -> None:
    with ThreadPoolExecutor() as threads:
        with store.begin() as connection:
            jobs.announce(connection, [Hint("one"), Hint("same")])
            other = threads.submit(announce, jobs, store, "same", "other")
        other.result(WITHIN_SECONDS)

    assert sorted(waiting(store)) == ["one", "other", "same"]


async def test_a_waiting_hint_that_is_announced_again_is_looked_at_after_the_commit(
    jobs: Jobs, store: Engine
) -> None:
    looks = Looks()
    announce(jobs, store, "again")
    with store.begin() as connection:
        jobs.announce(connection, [Hint("again")])
        async with delivering(jobs, looks.look):
            announce(jobs, store, "other")
            await looks.until_seen("other")
            assert looks.seen == ["other"]
            connection.commit()
            await looks.until_seen("again")


async def test_the_most_urgent_is_looked_at_first_then_the_oldest(
    jobs: Jobs, store: Engine
) -> None:
    looks = Looks()
    for hint in (Hint("z-old"), Hint("a-new"), Hint("urgent", 3), Hint("idle", -1)):
        announce(jobs, store, hint)

    async with delivering(jobs, looks.look, at_once=1):
        await looks.until_seen("idle")

    assert looks.seen == ["urgent", "z-old", "a-new", "idle"]


async def test_no_more_looks_go_on_than_there_are_places(jobs: Jobs, store: Engine) -> None:
    looks = Looks("1", "2", "3")
    async with delivering(jobs, looks.look, at_once=2):
        announce(jobs, store, "1", "2", "3")
        await looks.until_seen("1", "2")
        assert (looks.going, waiting(store)) == (["1", "2"], ["3"])

        looks.let_go("1")
        await looks.until_seen("3")
        assert looks.going == ["2", "3"]


async def test_a_look_that_fails_is_logged_and_stops_no_other(jobs: Jobs, store: Engine) -> None:
    looks = Looks()

    async def look(run_id: str) -> None:
        await looks.look(run_id)
        if run_id == "broken":
            raise ValueError("it is broken")

    announce(jobs, store, "broken", "good")
    with capture_logs() as logs:
        async with delivering(jobs, look, at_once=1):
            await looks.until_seen("good")

    assert looks.seen == ["broken", "good"]
    assert [(line["event"], line.get("run")) for line in logs] == [("look_failed", "broken")]
    assert rows(store, "SELECT 1 FROM procrastinate_jobs") == []


async def test_two_processes_share_the_runs_and_look_at_none_twice(
    postgres_url: str, store: Engine
) -> None:
    runs = [f"run-{number:03}" for number in range(200)]
    looks = Looks(*runs[:3])
    announce(Jobs(postgres_url), store, *runs)
    # Three looks go on until the end, so neither process has places for all that is left.
    async with (
        delivering(Jobs(postgres_url, IMPATIENT), looks.look, at_once=2),
        delivering(Jobs(postgres_url, IMPATIENT), looks.look, at_once=2),
    ):
        await looks.until_seen(*runs)

    assert sorted(looks.seen) == runs
    assert sorted(looks.cancelled) == runs[:3]


async def test_a_run_whose_notification_is_lost_is_found_by_looking_again(
    jobs: Jobs, store: Engine
) -> None:
    looks = Looks()
    async with delivering(jobs, looks.look):
        announce(jobs, store, "heard")
        await looks.until_seen("heard")
        rows(store, "ALTER TABLE procrastinate_jobs DISABLE TRIGGER USER")
        announce(jobs, store, "unheard")
        await looks.until_seen("unheard")


async def test_a_process_whose_connections_are_cut_goes_on(
    jobs: Jobs, store: Engine, postgres: Postgres, postgres_url: str
) -> None:
    looks = Looks("long")
    async with delivering(jobs, looks.look):
        announce(jobs, store, "long")
        await looks.until_seen("long")
        for number in range(5):
            assert postgres.cut_connections(postgres_url, "orbits jobs")
            announce(jobs, store, f"after-{number}")
            await looks.until_seen(f"after-{number}")

        assert looks.going == ["long"]
        looks.let_go("long")
        await looks.until_over("long")

    assert looks.cancelled == []
    assert rows(store, "SELECT 1 FROM procrastinate_jobs") == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
async def test_a_process_outlives_a_restart_of_the_database(
    fragile_url: str, fragile_store: Engine, fragile_postgres: StartedPostgres, how: signal.Signals
) -> None:
    jobs, looks = Jobs(fragile_url, IMPATIENT), Looks("long", "ends-meanwhile")
    with capture_logs():
        async with delivering(jobs, looks.look):
            announce(jobs, fragile_store, "long", "ends-meanwhile")
            await looks.until_seen("long", "ends-meanwhile")
            await asyncio.to_thread(fragile_postgres.stop, how)
            looks.let_go("ends-meanwhile")
            await looks.until_over("ends-meanwhile")
            await asyncio.to_thread(fragile_postgres.start)
            fragile_store.dispose()
            announce(jobs, fragile_store, "after")
            await looks.until_seen("after")
            assert looks.cancelled == []
            assert "long" in looks.going

    # A crash may bring a hint back that was fetched at the last moment: then it comes twice.
    assert set(looks.cancelled) == {"long"}
    reissue(Jobs("postgresql:///", Patience(stalled_after=timedelta(0))), fragile_store)
    assert rows(fragile_store, "SELECT 1 FROM procrastinate_jobs") == []
    assert rows(fragile_store, "SELECT 1 FROM procrastinate_workers") == []


async def test_a_process_that_starts_before_the_database_waits_for_it(
    fragile_url: str, fragile_store: Engine, fragile_postgres: StartedPostgres
) -> None:
    jobs, looks = Jobs(fragile_url, IMPATIENT), Looks()
    announce(jobs, fragile_store, "one")
    fragile_store.dispose()
    await asyncio.to_thread(fragile_postgres.stop)
    with capture_logs():
        async with delivering(jobs, looks.look):
            await asyncio.to_thread(fragile_postgres.start)
            await looks.until_seen("one")


async def test_a_process_that_was_struck_off_comes_back_as_another_worker(
    jobs: Jobs, store: Engine
) -> None:
    looks = Looks("long")
    with capture_logs() as logs:
        async with delivering(jobs, looks.look):
            announce(jobs, store, "long")
            await looks.until_seen("long")
            rows(store, "DELETE FROM procrastinate_workers")
            announce(jobs, store, "after")
            await looks.until_seen("after")
            assert looks.going == ["long"]

    assert {line["event"] for line in logs} == {"queue_lost"}
    assert rows(store, "SELECT 1 FROM procrastinate_jobs") == []


async def test_a_process_that_stops_cancels_its_looks_and_leaves_the_rest_to_others(
    jobs: Jobs, store: Engine
) -> None:
    looks = Looks("cut-off")
    for run in ("cut-off", "not-begun"):
        add_run(store, run)
    announce(jobs, store, "cut-off", "not-begun")

    async with delivering(jobs, looks.look, at_once=1):
        await looks.until_seen("cut-off")

    assert looks.cancelled == ["cut-off"]
    assert waiting(store) == ["not-begun"]
    assert rows(store, "SELECT 1 FROM procrastinate_workers") == []
    assert reissue(jobs, store) == 1
    assert waiting(store) == ["not-begun", "cut-off"]


async def test_a_process_stops_soon_while_the_database_is_away(
    fragile_url: str, fragile_store: Engine, fragile_postgres: StartedPostgres
) -> None:
    jobs, looks = Jobs(fragile_url, IMPATIENT), Looks("long")
    try:
        with capture_logs() as logs:
            async with delivering(jobs, looks.look):
                announce(jobs, fragile_store, "long")
                await looks.until_seen("long")
                await asyncio.to_thread(fragile_postgres.stop)
    finally:
        fragile_postgres.start()

    assert looks.cancelled == ["long"]
    assert logs[-1]["event"] == "queue_not_left"


def test_the_sweep_announces_queued_runs_without_a_job_the_most_urgent_and_oldest_first(
    jobs: Jobs, store: Engine
) -> None:
    add_run(store, "1-old")
    add_run(store, "2-new")
    add_run(store, "3-urgent", rank=-1)
    add_run(store, "4-announced")
    announce(jobs, store, "4-announced")

    assert reissue(jobs, store) == 3
    assert waiting(store) == ["3-urgent", "4-announced", "1-old", "2-new"]
    assert reissue(jobs, store) == 0


def test_the_sweep_announces_a_run_whose_owner_died(jobs: Jobs, store: Engine) -> None:
    add_run(store, "cut-off", state=State.RUNNING, owner="dead")

    assert reissue(jobs, store) == 1
    assert waiting(store) == ["cut-off"]


@pytest.mark.parametrize(
    "facts",
    [
        {"state": State.RUNNING, "owner": "alive"},
        {"state": State.RUNNING, "owner": "dead", "root_id": "another", "parent_id": "another"},
        {"paused": True},
        {"state": State.SUCCEEDED},
        {"identity": "site-busy"},
    ],
    ids=["running", "nested", "paused", "ended", "behind-another"],
)
def test_the_sweep_leaves_alone_what_nobody_could_take(
    jobs: Jobs, store: Engine, facts: dict[str, Any]
) -> None:
    add_owner(store, "alive")
    add_run(store, "busy", state=State.RUNNING, owner="alive", identity="site-busy")
    add_run(store, "subject", **facts)

    assert reissue(jobs, store) == 0
    assert waiting(store) == []


def test_the_sweep_deletes_the_jobs_of_a_dead_worker_and_announces_its_runs(
    jobs: Jobs, store: Engine
) -> None:
    for run in ("dead-1", "living-2"):
        add_run(store, run)
        announce(jobs, store, run)
        worker = fetched_by_another_worker(store)
        if run == "dead-1":
            aged = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '16 s'"
            rows(store, f"{aged} WHERE id = {worker}")

    # A fetched hint is spent: that its look takes the run is seen in the run, not in the job.
    assert reissue(jobs, store) == 2
    assert waiting(store) == ["dead-1", "living-2"]
    assert rows(
        store, "SELECT args ->> 'run_id' FROM procrastinate_jobs WHERE status = 'doing'"
    ) == [("living-2",)]
    assert rows(store, "SELECT id FROM procrastinate_workers") == [(worker,)]


def test_one_process_sweeps_at_a_time(jobs: Jobs, store: Engine) -> None:
    add_run(store, "one")
    with store.begin() as connection:
        assert jobs.reissue(connection) == 1
        assert reissue(jobs, store) == 0

    assert waiting(store) == ["one"]


@pytest.fixture
def empty_store(postgres: Postgres) -> Iterator[Engine]:
    url = postgres.new_database(migrated=False)
    store = Database(url).engine
    yield store
    store.dispose()
    postgres.drop(url)


def test_processes_that_start_at_once_make_the_tables_of_the_queue_once(
    empty_store: Engine,
) -> None:
    def start() -> bool:
        with empty_store.begin() as connection:
            upgrade_jobs(connection)
            return jobs_are_current(connection)

    with empty_store.begin() as connection:
        assert not jobs_are_current(connection)
    with ThreadPoolExecutor(4) as threads:
        assert [start.result() for start in [threads.submit(start) for _ in range(4)]] == [True] * 4


def test_tables_of_an_older_release_get_the_migrations_that_they_lack(
    empty_store: Engine,
) -> None:
    migrations = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    older = [migration for migration in migrations if migration.stem < "03.01"]
    for migration in older:
        _apply(empty_store, migration.read_text())
    _apply(empty_store, f"COMMENT ON TABLE procrastinate_jobs IS '{_mark(older[-1])}'")

    with empty_store.begin() as connection:
        assert not jobs_are_current(connection)
        upgrade_jobs(connection)

    with empty_store.begin() as connection:
        assert jobs_are_current(connection)
    announce(Jobs("postgresql:///"), empty_store, "one")
    assert fetched_by_another_worker(empty_store)
    assert waiting(empty_store) == []


def test_tables_of_a_newer_release_are_left_alone(empty_store: Engine) -> None:
    newer = "COMMENT ON TABLE procrastinate_jobs IS 'Procrastinate up to 99.00.00_01_newer'"
    with empty_store.begin() as connection:
        upgrade_jobs(connection)
    rows(empty_store, newer)

    with empty_store.begin() as connection:
        assert jobs_are_current(connection)
        upgrade_jobs(connection)

    comment = "SELECT obj_description('procrastinate_jobs'::regclass)"
    assert rows(empty_store, comment) == [("Procrastinate up to 99.00.00_01_newer",)]


def test_tables_that_somebody_else_made_are_refused(empty_store: Engine) -> None:
    _apply(empty_store, SchemaManager.get_schema())

    with empty_store.begin() as connection, pytest.raises(JobsSchemaUnknown) as refused:
        upgrade_jobs(connection)

    assert str(refused.value) == (
        "The database has a table `procrastinate_jobs` that Orbits did not make, so what it "
        "lacks is not known. Nothing was changed. Give Orbits a database of its own in "
        "ORBITS_DATABASE_URL, then start it again."
    )


def _mark(migration: Path) -> str:
    return f"Procrastinate up to {migration.stem}"


def _apply(store: Engine, script: str) -> None:
    with store.begin() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        raw.execute(script.encode())
