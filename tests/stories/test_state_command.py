"""An operator sees the versions of a module's state, and puts an older one back."""

import json
from pathlib import Path

import pytest
from sqlmodel import Session
from typer.testing import CliRunner

from bot.cli import app
from bot.states import State
from bot.store.tables import Run
from bot.terraform_state import locks, versions
from bot.terraform_state.passwords import Bearer
from resources.errors import Refused
from tests.stories.operator import AT, Operator

ACME = "terraform-acme"
runner = CliRunner()


def state(serial: int) -> bytes:
    return json.dumps({"version": 4, "serial": serial, "lineage": "a1", "outputs": {}}).encode()


def two_versions(session: Session) -> None:
    """Let a run have written the state twice."""
    for serial in (1, 2):
        versions.put(session, ACME, versions.written(state(serial)), "0192", AT)


def a_lock(session: Session) -> None:
    """Let a run go on that has locked the state."""
    session.add(
        Run(
            id="0193",
            root_id="0193",
            identity=ACME,
            command="update",
            kind="a:B",
            arguments="{}",
            fingerprint="x",
            state=State.RUNNING,
            token=1,
            created_at=AT,
        )
    )
    locks.take(session, locks.Wish(ACME, "l1", "{}", Bearer("0193", 1), AT))


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    operator = Operator(tmp_path)
    operator.types("list")
    operator.finds(two_versions)
    return operator


def types(operator: Operator, *words: str) -> str:
    result = runner.invoke(app, ["state", *words], env=operator.environment)
    assert result.exit_code == 0, result.exception
    return result.output


def is_refused(operator: Operator, *words: str) -> str:
    refused = runner.invoke(app, ["state", *words], env=operator.environment).exception
    assert isinstance(refused, Refused), refused
    return str(refused)


def test_the_versions_are_listed_newest_first(operator: Operator) -> None:
    assert (
        types(operator, "list", ACME)
        == """\
┏━━━━━━━━━┳━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━┳━━━━━━┳━━━━━━━┓
┃ Version ┃ Serial ┃ Written (UTC)       ┃ By   ┃ Bytes ┃
┡━━━━━━━━━╇━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━╇━━━━━━╇━━━━━━━┩
│ 2       │ 2      │ 2026-11-22 00:00:00 │ 0192 │ 59    │
│ 1       │ 1      │ 2026-11-22 00:00:00 │ 0192 │ 59    │
└─────────┴────────┴─────────────────────┴──────┴───────┘
"""
    )
    first = json.loads(types(operator, "list", ACME, "--json"))[-1]
    assert first == {
        "version": 1,
        "serial": 1,
        "lineage": "a1",
        "size": 59,
        "run_id": "0192",
        "at": "2026-11-22T00:00:00+00:00",
        "deleted": False,
    }


def test_a_version_is_shown_and_put_back(operator: Operator) -> None:
    assert json.loads(types(operator, "show", ACME, "1"))["serial"] == 1

    assert types(operator, "restore", ACME, "1") == (
        "Version 1 of the state of terraform-acme is its newest again, as version 3. Nothing else "
        "was changed: `/orbits deploy --force` brings about what differs from it.\n"
    )

    assert json.loads(types(operator, "show", ACME))["serial"] == 3


def test_a_state_that_is_locked_is_not_put_back(operator: Operator) -> None:
    operator.finds(a_lock)

    assert is_refused(operator, "restore", ACME, "1") == (
        "The state of terraform-acme is not restored: it is locked by run 0193 (terraform-acme, "
        "update), since 2026-11-22 00:00:00 UTC. Wait for it, or end it with `orbits cancel "
        "0193`. Nothing was changed."
    )


@pytest.mark.parametrize("words", [("list",), ("show",)])
def test_who_names_a_state_that_is_not_there_is_told_so(
    operator: Operator, words: tuple[str, ...]
) -> None:
    assert is_refused(operator, *words, "acme") == (
        "There is no state of acme. A state goes by its module's identity, such as "
        "terraform-backend-acme."
    )


def test_a_version_that_is_not_there_is_refused(operator: Operator) -> None:
    assert is_refused(operator, "restore", ACME, "9") == (
        "terraform-acme has no version 9 of its state: see `orbits state list terraform-acme`."
    )
