"""An operator sees what differs, and lets the bot look or rest, on the command line."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner

from bot.cli import app
from bot.states import State
from bot.store.tables import Drift, Run, Watch
from tests.stories.operator import AT, SHA, Operator, has_the_backend

runner = CliRunner()


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    operator = Operator(tmp_path)
    operator.types("add", "acme")
    operator.types("add", "globex")
    return operator


def types(operator: Operator, *words: str) -> str:
    """Answer what `orbits drift` prints."""
    result = runner.invoke(app, ["drift", *words], env=operator.environment)
    assert result.exit_code == 0, result.exception
    return result.output


def drifts(session: Session) -> None:
    """Let acme's backend have drifted, and the bot watch it."""
    due = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
    session.add(Watch(tenant="acme", due_at=due, every_seconds=3600, looked_at=AT))
    different = [{"path": "backend/a", "desired": 1, "observed": 2, "severity": "warning"}]
    session.add(
        Drift(
            tenant="acme",
            repository="agency/backend",
            phase="open",
            differences=different,
            total=1,
            desired={"backend": SHA},
            found_at=AT,
        )
    )


def test_people_see_who_has_drifted_and_who_is_looked_at_when(operator: Operator) -> None:
    operator.types("add", "initech")
    operator.finds(has_the_backend("acme"), has_the_backend("initech"), drifts)

    assert (
        types(operator, "list")
        == """\
┏━━━━━━━━━┳━━━━━━━┳━━━━━━━━━┳━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃ Tenant  ┃ Drift ┃ Differs ┃ Looked at (UTC)  ┃ Next (UTC)       ┃ Note                       ┃
┡━━━━━━━━━╇━━━━━━━╇━━━━━━━━━╇━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
│ acme    │ open  │ 1       │ 2026-11-22 00:00 │ 2026-11-22 10:30 │                            │
│ globex  │       │         │                  │                  │ nothing is deployed yet    │
│ initech │       │         │                  │                  │ watched as soon as the bot │
│         │       │         │                  │                  │ works                      │
└─────────┴───────┴─────────┴──────────────────┴──────────────────┴────────────────────────────┘
"""
    )


def test_a_machine_reads_the_same(operator: Operator) -> None:
    operator.finds(has_the_backend("acme"), drifts)

    assert json.loads(types(operator, "list", "acme", "--json")) == [
        {
            "tenant": "acme",
            "phase": "open",
            "total": 1,
            "paths": ["backend/a"],
            "repository": "agency/backend",
            "looked_at": "2026-11-22T00:00:00+00:00",
            "due_at": "2026-11-22T10:30:00+00:00",
            "unable_since": None,
            "problem": None,
            "paused_by": None,
            "paused_until": None,
            "watched": True,
        }
    ]


def test_who_is_paused_is_resumed(operator: Operator) -> None:
    operator.finds(has_the_backend("acme"), drifts)

    assert types(operator, "pause", "acme", "--hours", "2") == "Paused for 2 hours: `acme`.\n"
    (one,) = json.loads(types(operator, "list", "acme", "--json"))
    assert one["paused_by"]
    assert one["paused_until"]
    assert types(operator, "resume", "all") == "Resumed: `acme`.\n"
    assert types(operator, "resume", "all") == (
        "Resumed: nobody, for nobody of these was paused.\n"
    )


def test_a_look_is_asked_for_of_whoever_has_something(operator: Operator) -> None:
    operator.finds(has_the_backend("acme"), drifts)

    assert types(operator, "check", "all") == (
        "To be looked at now: `acme`.\nNothing is deployed yet for `globex`.\n"
    )

    def is_asked_for(session: Session) -> None:
        (run,) = session.exec(select(Run)).all()
        assert (run.identity, run.state, run.rank) == ("drift-acme", State.QUEUED, 50)

    operator.finds(is_asked_for)
