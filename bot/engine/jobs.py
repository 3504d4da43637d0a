"""Hints as Procrastinate's jobs, for processes on many machines that share a PostgreSQL.

A job is announced in the transaction that makes its run worth a look. It may be lost or doubled:
the run's row is the truth, and the sweep announces what was forgotten. So Procrastinate's
tables, functions, notifications and heartbeats are used, and its locks, retries and worker
are not: its worker gives up the jobs that it works on when the database is away for a moment,
which would end runs that go on well without a queue.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Job
from procrastinate.sql import queries
from psycopg import AsyncConnection, Error
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import Connection, column, exists, func, make_url, select, table, text
from sqlmodel import col

from bot.engine.dispatch import Hint, Look
from bot.engine.journal.queue import CUT_OFF, NEXT
from bot.store.advisory import Advisory
from bot.store.tables import Run

log = structlog.get_logger(__name__)

QUEUE = "orbits"
MOST_REISSUED = 1_000
"""How many runs of a kind one sweep announces; those that it leaves are the next one's."""
CANCEL_AGAIN_SECONDS = 0.5

_TRY_TO_SWEEP = select(func.pg_try_advisory_xact_lock(int(Advisory.SWEEPING)))

# Procrastinate's own function fails as a whole where a hint waits already, and would take along
# what else the transaction wrote. An update rather than nothing: until we commit it keeps the
# waiting hint from being fetched, and so from a look that comes too early to see what we wrote.
# In order, so that two processes which announce the same runs do not wait for each other.
_ANNOUNCE = """
INSERT INTO procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args)
SELECT 'orbits', 'orbits.look', max(priority), run_id, jsonb_build_object('run_id', run_id)
FROM unnest(%(run_ids)s::text[], %(priorities)s::int[]) AS hint (run_id, priority)
GROUP BY run_id ORDER BY run_id
ON CONFLICT (queueing_lock) WHERE status = 'todo'
DO UPDATE SET priority = greatest(procrastinate_jobs.priority, excluded.priority)
"""
# A worker that is struck off leaves its jobs without one: the foreign key does that.
_DELETE_ABANDONED = """
DELETE FROM procrastinate_jobs
WHERE queue_name = 'orbits' AND status = 'doing' AND worker_id IS NULL
"""
_DELETE_ENDED = "DELETE FROM procrastinate_jobs WHERE id = ANY(%(ended)s::bigint[])"
_LEAVE = """
WITH mine AS (
    DELETE FROM procrastinate_jobs
    WHERE id = ANY(%(ended)s::bigint[]) OR (worker_id = %(worker)s AND status = 'doing')
)
DELETE FROM procrastinate_workers WHERE id = %(worker)s
"""
_JOBS = table("procrastinate_jobs", column("queueing_lock"))
_NONE_WAITS = ~exists().where(
    _JOBS.c.queueing_lock == col(Run.id), text("procrastinate_jobs.status = 'todo'")
)
_FORGOTTEN = [query.where(_NONE_WAITS).limit(MOST_REISSUED) for query in (CUT_OFF, NEXT)]


@dataclass(frozen=True)
class Patience:
    """How long the queue waits: for news, for a silent worker, and for a database that is away."""

    look_again_after: timedelta = timedelta(seconds=1)
    """Jobs are looked for this often, as a notification can be lost."""
    heartbeat: timedelta = timedelta(seconds=3)
    stalled_after: timedelta = timedelta(seconds=15)
    """A worker whose heart has not beaten for so long is dead, by the database's clock."""
    no_answer_after: timedelta = timedelta(seconds=5)
    first_pause: timedelta = timedelta(seconds=0.1)
    longest_pause: timedelta = timedelta(seconds=5)


class Jobs:
    """The dispatch of many processes; see `Dispatch`.

    `announce` and `reissue` work in the caller's transaction, `deliver` on up to four
    connections of its own: what it does to hints need not be durable, nor wait for what is.
    """

    hints = True

    def __init__(self, url: str, patience: Patience | None = None) -> None:
        self._conninfo = _conninfo(url)
        self._patience = patience or Patience()

    def announce(self, connection: Connection, hints: Sequence[Hint]) -> None:
        """Add a job for each run that has none waiting, in the transaction of `connection`.

        A hint that waits already takes the higher of both priorities.
        """
        if hints:
            run_ids, priorities = zip(*hints, strict=True)
            values = {"run_ids": list(run_ids), "priorities": list(priorities)}
            connection.exec_driver_sql(_ANNOUNCE, values)

    def reissue(self, connection: Connection) -> int:
        """Announce runs that can be taken and have no job waiting, and delete dead workers' jobs.

        Answers how many were announced: none while another process sweeps.
        """
        if not connection.execute(_TRY_TO_SWEEP).scalar():
            return 0
        stalled = {"seconds_since_heartbeat": self._patience.stalled_after.total_seconds()}
        connection.exec_driver_sql(queries["prune_stalled_workers"], stalled)
        connection.exec_driver_sql(_DELETE_ABANDONED)
        rows = [row for query in _FORGOTTEN for row in connection.execute(query)]
        forgotten = [Hint(row.id, -row.rank) for row in rows]
        self.announce(connection, forgotten)
        return len(forgotten)

    async def deliver(self, look: Look, at_once: int) -> None:
        """Hand hinted runs to `look`, at most `at_once` at a time, until cancelled.

        Without the database nothing new is heard of, but looks go on, and it is tried again.
        What a look raises is logged: its run is looked at again when it is announced again.
        """
        looks = _Looks(look, at_once)
        async with self._pool() as pool:
            connector = PsycopgConnector()
            await connector.open_async(pool)
            attendant = _Attendant(App(connector=connector), looks, self._patience)
            try:
                await self._attend(attendant)
            finally:
                await looks.cancel()
                await attendant.leave()

    async def _attend(self, attendant: "_Attendant") -> None:
        """Start the attendant again each time that it loses the database."""
        now = asyncio.get_running_loop().time
        first = pause = self._patience.first_pause.total_seconds()
        longest = self._patience.longest_pause.total_seconds()
        while True:
            began = now()
            try:
                await attendant.attend()
            except Exception as error:
                pause = first if now() - began > longest else min(2 * pause, longest)
                problem = error.__cause__ or error
                log.warning(
                    "queue_lost",
                    problem=str(problem),
                    again_in=pause,
                    exc_info=None if isinstance(problem, Error) else error,
                )
            await asyncio.sleep(pause)

    def _pool(self) -> AsyncConnectionPool[AsyncConnection[Any]]:
        patience = self._patience.no_answer_after.total_seconds()
        return AsyncConnectionPool(
            self._conninfo,
            min_size=1,
            max_size=3,
            open=False,
            configure=_prepare,
            check=AsyncConnectionPool.check_connection,
            timeout=patience,
            # After it the next who asks connects at once: the pool's own pauses double for ever.
            reconnect_timeout=patience,
            name="orbits-jobs",
        )


class _Looks:
    """The looks that go on in this process; a lost connection does not end them."""

    def __init__(self, look: Look, at_once: int) -> None:
        self._look = look
        self._going: set[asyncio.Task[None]] = set()
        self.places = asyncio.Semaphore(at_once)
        self.ended: list[int] = []
        """The jobs whose look is over, to be deleted."""
        self.some_ended = asyncio.Event()

    def begin(self, job: int, run_id: str) -> None:
        """Look at a run, in a place that the caller has acquired."""
        going = asyncio.create_task(self._go(run_id), name=f"look at {run_id}")
        self._going.add(going)
        going.add_done_callback(partial(self._end, job))

    async def cancel(self) -> None:
        """Cancel the looks that go on, and wait until they are over."""
        for going in self._going:
            going.cancel()
        if self._going:
            await asyncio.wait(self._going)

    async def _go(self, run_id: str) -> None:
        try:
            await self._look(run_id)
        except Exception:
            log.exception("look_failed", run=run_id)

    def _end(self, job: int, going: asyncio.Task[None]) -> None:
        self._going.discard(going)
        self.places.release()
        self.ended.append(job)
        self.some_ended.set()


class _Attendant:
    """A worker in Procrastinate's books: it fetches jobs, and deletes those that are over."""

    def __init__(self, app: App, looks: _Looks, patience: Patience) -> None:
        self._connector = app.connector
        self._books = app.job_manager
        self._looks = looks
        self._patience = patience
        self._id: int | None = None
        self._news = asyncio.Event()

    async def attend(self) -> None:
        """Fetch jobs until the database fails: then raise what it said.

        It is a new worker each time, as others may have struck the last one off.
        """
        self._id = await self._books.register_worker()
        _demand_not_cancelled()
        await _until_one_fails(
            self._beat(self._id),
            self._listen(),
            self._delete_ended(),
            self._fetch(self._id),
        )

    async def leave(self) -> None:
        """Take itself and its jobs out of the books, if the database answers soon."""
        if self._id is None:
            return
        try:
            async with asyncio.timeout(self._patience.no_answer_after.total_seconds()):
                await self._connector.execute_query_async(
                    _LEAVE, ended=self._looks.ended, worker=self._id
                )
        except Exception as error:  # noqa: BLE001 (the sweep of another process does it later)
            log.warning("queue_not_left", problem=str(error.__cause__ or error))

    async def _beat(self, worker: int) -> None:
        while True:
            await asyncio.sleep(self._patience.heartbeat.total_seconds())
            await self._books.update_heartbeat(worker)

    async def _listen(self) -> None:
        async def hear(**_news: object) -> None:
            self._news.set()

        await self._books.listen_for_jobs(on_notification=hear, queues=[QUEUE])

    async def _fetch(self, worker: int) -> None:
        while True:
            await self._looks.places.acquire()
            try:
                job = await self._next(worker)
            except BaseException:
                self._looks.places.release()
                raise
            self._looks.begin(job.id or 0, str(job.task_kwargs["run_id"]))

    async def _next(self, worker: int) -> Job:
        """Wait for a job, and fetch it."""
        while True:
            # Before looking: what is announced while we look is news.
            self._news.clear()
            job = await self._books.fetch_job(queues=[QUEUE], worker_id=worker)
            if job is not None:
                return job
            try:
                async with asyncio.timeout(self._patience.look_again_after.total_seconds()):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _delete_ended(self) -> None:
        """Delete the jobs that are over, all that wait for it in one statement."""
        while True:
            self._looks.some_ended.clear()
            if ended := list(self._looks.ended):
                await self._connector.execute_query_async(_DELETE_ENDED, ended=ended)
                del self._looks.ended[: len(ended)]
            await self._looks.some_ended.wait()


async def _until_one_fails(*work: Coroutine[Any, Any, None]) -> None:
    """Run all at once; when one ends, cancel the others and raise what it raised."""
    tasks = [asyncio.create_task(part) for part in work]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        # Again and again: Procrastinate's listener loses a cancellation that comes with news.
        while going := [task for task in tasks if not task.done()]:
            for task in going:
                task.cancel()
            await asyncio.wait(going, timeout=CANCEL_AGAIN_SECONDS)
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()


def _demand_not_cancelled() -> None:
    """Raise `CancelledError` where a cancellation was lost on the way, as in the pool's waits."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _prepare(connection: AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
    # A crash of PostgreSQL may bring back hints of the last moment; looking twice does no harm.
    await connection.execute("SET synchronous_commit TO off")
    # To a planner with old statistics a queue looks empty: it would sort all of it for each job.
    await connection.execute("SET enable_sort TO off")


def _conninfo(url: str) -> str:
    """Answer what psycopg connects to, read from the address as SQLAlchemy reads it."""
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    _, options = parsed.get_dialect()().create_connect_args(parsed)
    # A peer that is gone without a word is noticed within half a minute.
    ours: dict[str, Any] = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
    ours |= {"fallback_application_name": "orbits jobs"}
    return make_conninfo(**ours | {key: options[key] for key in options if key != "context"})
