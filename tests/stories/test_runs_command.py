"""An operator looks at runs and interferes with them, on the command line."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlmodel import SQLModel, col, select
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.engine.definitions.outcomes import Outcome
from bot.engine.engine import Engine
from bot.engine.identifiers import short
from bot.states import State
from bot.store.database import Database
from bot.store.tables import Owner, Printed, Run, Step
from resources.model.definition import Definition
from resources.model.failure import Failure, step_failed
from tests.engine.controlled import Asks, Records
from tests.engine.things import Ledger

T = TypeVar("T")

MORNING = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
FAILED, RUNNING, WAITING = (f"0000000000000aaaa{number:07x}" for number in (1, 2, 3))


class Operator:
    """Somebody at a terminal, with a database of their own, and a bot that works at times."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.environment = {"ORBITS_DATABASE_URL": url, "LOGNAME": "maya"}
        self.ledger = Ledger()

    def types(self, *words: str) -> str:
        """Answer what is printed by a command that does what was asked."""
        result = self._invoke(words)
        assert result.exit_code == 0, result.exception
        return result.stdout

    def is_refused(self, *words: str) -> str:
        """Answer why a command does not do what was asked."""
        return str(self._invoke(words).exception)

    def finds(self, *rows: SQLModel) -> None:
        """Let the store hold rows."""

        async def store(database: Database) -> None:
            await database.write(lambda session: session.add_all(rows))

        self._with_database(store)

    def bot_works_on(self, definition: Definition) -> str:
        """Let the bot carry a run out until it ends; answer its id."""

        async def work(engine: Engine, _: Database) -> str:
            run = await engine.submit(definition)
            await engine.outcome(run)
            return run

        return self._with_engine(work)

    def is_asked(self) -> str:
        """Let the bot work until a run asks for an approval; answer its id."""
        self.ledger.gate("ask").set()

        async def work(engine: Engine, database: Database) -> str:
            run = await engine.submit(Asks())
            asked = select(Step).where(col(Step.kind) == "signal")
            while not await database.read(lambda session: session.exec(asked).first()):  # noqa: ASYNC110 (the store tells it)
                await asyncio.sleep(0)
            return run

        return self._with_engine(work)

    def bot_ends(self, run: str) -> Outcome:
        """Let the bot work until a run has ended."""
        return self._with_engine(lambda engine, _: engine.outcome(run))

    def _with_engine(self, work: Callable[[Engine, Database], Awaitable[T]]) -> T:
        async def open_and_work(database: Database) -> T:
            async with Engine(database, given=[self.ledger]) as engine:
                return await work(engine, database)

        return self._with_database(open_and_work)

    def _with_database(self, work: Callable[[Database], Awaitable[T]]) -> T:
        async def open_and_work() -> T:
            async with Database(self._url) as database:
                return await work(database)

        return asyncio.run(open_and_work())

    def _invoke(self, words: tuple[str, ...]) -> Result:
        return CliRunner().invoke(app, words, env={**self.environment, "COLUMNS": None})


@pytest.fixture
def operator(sqlite_url: str) -> Operator:
    return Operator(sqlite_url)


@pytest.fixture
def busy(operator: Operator) -> Operator:
    """Their bot failed once on a site, works on it again, and another command is in line."""
    error = step_failed(
        ValueError("the disk is full"), step="resize", identity="site-acme", run_id=FAILED
    )
    failure = Failure.of(error).model_dump_json()
    ended = {"state": State.FAILED, "failure": failure, "finished_at": MORNING + 61 * SECOND}
    operator.finds(
        Owner(id="owner", host="ship", pid=7, started_at=MORNING, heartbeat_at=MORNING),
        run(FAILED, **ended),
        run(RUNNING, state=State.RUNNING, owner="owner", token=1, started_at=MORNING + MINUTE),
        run(WAITING, state=State.QUEUED, command="uninstall"),
        step(FAILED, "build[backend-acme]", state=State.SUCCEEDED, seconds=1.5),
        step(FAILED, "resize", state=State.FAILED, failure=failure, seconds=3661),
        Printed(run_id=FAILED, step="resize", number=1, text="growing\n", at=MORNING),
        Printed(run_id=FAILED, step="resize", number=2, text="no space left", at=MORNING),
        Printed(run_id=FAILED, step="build/pull", number=3, text="done\n", at=MORNING + SECOND),
    )
    return operator


SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def run(run_id: str, **values: object) -> Run:
    """Answer a run of a site as the store has it."""
    known = {"root_id": run_id, "identity": "site-acme", "command": "update", "kind": "site:Site"}
    rest = {"arguments": "{}", "fingerprint": "f", "created_at": MORNING}
    return Run.model_validate({"id": run_id} | known | rest | values)


def step(run_id: str, name: str, *, seconds: float, **values: object) -> Step:
    """Answer a step that took so long."""
    times = {"started_at": MORNING, "finished_at": MORNING + seconds * SECOND}
    known = {"run_id": run_id, "name": name, "kind": "function", "fingerprint": ""}
    return Step.model_validate(known | times | values)


def test_runs_are_listed_for_people_in_a_table(busy: Operator) -> None:
    assert (
        busy.types("runs")
        == """\
┏━━━━━━━━━━┳━━━━━━━━━━━┳━━━━━━━━━━━┳━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━┓
┃ Run      ┃ Identity  ┃ Command   ┃ State   ┃ Since (UTC)         ┃
┡━━━━━━━━━━╇━━━━━━━━━━━╇━━━━━━━━━━━╇━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━┩
│ a0000003 │ site-acme │ uninstall │ queued  │ 2026-03-01 09:00:00 │
│ a0000002 │ site-acme │ update    │ running │ 2026-03-01 09:01:00 │
│ a0000001 │ site-acme │ update    │ failed  │ 2026-03-01 09:01:01 │
└──────────┴───────────┴───────────┴─────────┴─────────────────────┘
"""
    )


def test_a_long_name_is_whole_where_no_terminal_limits_it(operator: Operator) -> None:
    names = [f"terraform-backend-{'globex' * 20}", "site-[bold]:ship:"]
    operator.finds(
        *(
            run(f"{number:020x}", identity=name, state=State.QUEUED)
            for number, name in enumerate(names)
        )
    )

    for name in names:
        (line,) = [each for each in operator.types("runs").splitlines() if name in each]
        assert line.endswith("│ update  │ queued │ 2026-03-01 09:00:00 │")


def test_runs_are_listed_for_machines(busy: Operator) -> None:
    listed = json.loads(busy.types("runs", "--state", "failed", "--limit", "1", "--json"))
    assert listed == [
        {
            "run": FAILED,
            "parent": None,
            "identity": "site-acme",
            "command": "update",
            "state": "failed",
            "paused": False,
            "cancelled_by": None,
            "since": "2026-03-01T09:01:01Z",
            "asked_at": "2026-03-01T09:00:00Z",
        }
    ]
    assert json.loads(busy.types("runs", "--identity", "site-globex", "--json")) == []


def test_the_status_of_a_run_tells_its_steps_and_its_failure(busy: Operator) -> None:
    assert (
        busy.types("status", "a0000001")
        == f"""\
site-acme (update, run a0000001): failed since 2026-03-01 09:01:01 UTC
  The step `resize` of site-acme failed: ValueError: the disk is full (run {FAILED})
┏━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━┳━━━━━━━━━━━┓
┃ Step                ┃ State     ┃ Took      ┃
┡━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━╇━━━━━━━━━━━┩
│ build[backend-acme] │ succeeded │ 1.5 s     │
│ resize              │ failed    │ 1 h 1 min │
└─────────────────────┴───────────┴───────────┘
"""
    )


def test_the_status_of_a_run_in_line_tells_whom_it_waits_for(busy: Operator) -> None:
    assert busy.types("status", "a0000003") == (
        "site-acme (uninstall, run a0000003): queued since 2026-03-01 09:00:00 UTC\n"
        "  waits for its turn on site-acme, behind run a0000002\n"
    )
    assert busy.types("status", "a0000002") == (
        "site-acme (update, run a0000002): running since 2026-03-01 09:01:00 UTC\n"
        "  on ship, process 7, heard of at 2026-03-01 09:00:00 UTC\n"
    )


def test_the_status_of_an_identity_tells_who_holds_it(busy: Operator) -> None:
    assert busy.types("status", "site-acme") == (
        "site-acme is held by its command update (run a0000002) since 2026-03-01 09:01:00 UTC, "
        "carried out on ship, process 7. Free it with `orbits cancel a0000002`. In line: uninstall "
        "(run a0000003). Last ended: update (run a0000001), failed at 2026-03-01 09:01:01 UTC.\n"
    )
    assert busy.is_refused("status", "site-globex") == (
        "There is no run `site-globex`, and no run has worked on an identity of that name; `orbits "
        "runs` lists those that there are."
    )


def test_what_a_run_printed_is_told_apart_by_its_steps(busy: Operator) -> None:
    assert busy.types("logs", "a0000001", "--follow") == (
        "[site-acme resize]\ngrowing\nno space left\n[site-acme build/pull]\ndone\n"
    )
    assert busy.types("logs", "a0000001", "build") == "[site-acme build/pull]\ndone\n"
    assert busy.types("logs", "a0000003") == ""


def test_what_was_printed_last_for_an_identity_is_told_by_its_name(busy: Operator) -> None:
    busy.finds(Printed(run_id=RUNNING, step="resize", number=4, text="again\n", at=MORNING))
    busy.finds(run("f" * 20, identity="site-globex", state=State.SUCCEEDED, finished_at=MORNING))
    busy.finds(Printed(run_id="f" * 20, step="build", number=5, text="ready\n", at=MORNING))

    assert busy.types("logs", "site-acme") == "[site-acme resize]\nagain\n"
    assert busy.types("logs", "site-globex") == "[site-globex build]\nready\n"
    assert busy.is_refused("logs", "site-initech") == (
        "There is no run `site-initech`, and no run has worked on an identity of that name; "
        "`orbits runs` lists those that there are."
    )


def test_a_run_in_line_is_paused_resumed_and_cancelled(busy: Operator) -> None:
    assert busy.types("pause", "a0000003") == (
        "Paused site-acme (uninstall): it is not begun until `orbits resume a0000003`.\n"
    )
    assert busy.types("resume", "a0000003") == "site-acme (uninstall) goes on.\n"
    assert busy.types("cancel", "a0000003", "--reason", "wrong tenant") == (
        "Cancelled site-acme (uninstall); `orbits retry a0000003` goes on with it, and keeps its "
        "finished steps.\n"
    )
    status = json.loads(busy.types("status", "a0000003", "--json"))
    assert (status["state"], status["cancelled_by"]) == ("cancelled", "maya (wrong tenant)")
    assert busy.is_refused("pause", "a0000001") == (
        "site-acme (update) has failed at 2026-03-01 09:01:01 UTC already. Nothing was changed."
    )


def test_a_failed_run_goes_on_when_its_cause_is_mended(operator: Operator) -> None:
    run = operator.bot_works_on(Records())
    operator.ledger.note("mended")

    assert operator.types("retry", short(run)) == (
        f"{run} (run) goes on as run {short(run)}; 1 finished step is kept, done again: `work`, "
        "`record`.\n"
    )
    assert operator.bot_ends(run).result == '"done"'
    assert operator.ledger.entries.count("first") == 1
    assert "there is nothing to retry. Nothing was changed." in operator.is_refused("retry", run)


def test_a_failed_step_is_done_by_hand(operator: Operator) -> None:
    run = operator.bot_works_on(Records())

    assert operator.types("skip", run, "work", "--result", '"by hand"').startswith(
        'The step `work` counts as done, with "by hand". '
    )
    assert operator.bot_ends(run).result == '"done"'


def test_a_run_is_begun_again_from_a_step(operator: Operator) -> None:
    run = operator.bot_works_on(Records())
    operator.ledger.note("mended")

    assert operator.types("retry", run, "--from", "first").endswith(
        "; 0 finished steps are kept, done again: `first`, `work`, `record`.\n"
    )
    operator.bot_ends(run)
    assert operator.ledger.entries.count("first") == 2


def test_an_approval_is_given(operator: Operator) -> None:
    run = operator.is_asked()

    assert operator.is_refused("approve", run) == (
        "What was to be sent as `approve` is no Approval: input should be an object. Nothing was "
        "sent."
    )
    assert operator.types("approve", run, "--with", '{"yes": true}') == (
        f"Sent `approve` to {run} (run); it goes on within about a second.\n"
    )
    assert operator.bot_ends(run).result == '"went on"'
    assert "and waits for nothing. Nothing was sent." in operator.is_refused("approve", run)


def test_what_is_refused_ends_with_a_sentence_and_status_2(operator: Operator) -> None:
    orbits = Path(sys.executable).parent / "orbits"
    done = subprocess.run(
        [str(orbits), "cancel", "abcdef"],
        env={**os.environ, **operator.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "There is no run `abcdef` in the store; `orbits runs` lists those that there are. Nothing "
        "was changed.\n"
    )
