"""An operator takes clients on, looks at them and forgets them, on the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from resources.errors import Refused


class Operator:
    """Somebody at a terminal, with a database of their own."""

    def __init__(self, home: Path) -> None:
        self._environment = {"ORBITS_DATABASE_URL": f"sqlite:///{home / 'orbits.db'}"}

    def types(self, *words: str) -> str:
        """Answer what is printed by a command that does what was asked."""
        result = self._invoke(words)
        assert result.exit_code == 0, result.exception
        return result.output

    def is_refused(self, *words: str) -> str:
        """Answer why a command does not do what was asked."""
        refused = self._invoke(words).exception
        assert isinstance(refused, Refused)
        return str(refused)

    def _invoke(self, words: tuple[str, ...]) -> Result:
        return CliRunner().invoke(app, ["tenants", *words], env=self._environment)


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path)


def test_a_tenant_is_added_with_what_makes_it_different(operator: Operator) -> None:
    added = operator.types(
        *("add", "acme", "--var", "region=eu-west-1", "--var", "plan=a=b"),
        *("--tag", "large", "--tag", "canary", "--service", "backend"),
    )

    assert added == (
        "Added the tenant acme; it gets each of its services with that service's next merge.\n"
    )
    assert json.loads(operator.types("list", "--json")) == [
        {
            "name": "acme",
            "tags": ["canary", "large"],
            "services": ["backend"],
            "variables": {"region": "eu-west-1", "plan": "a=b"},
            "revisions": {},
        }
    ]


def test_tenants_are_listed_for_people_in_a_table(operator: Operator) -> None:
    operator.types("add", "globex", "--tag", "canary")
    operator.types("add", "acme", "--service", "backend", "--var", "region=eu")

    assert (
        operator.types("list")
        == """\
┏━━━━━━━━┳━━━━━━━━━━┳━━━━━━━━━━━┳━━━━━━━━┳━━━━━━━━━━━┓
┃ Tenant ┃ Services ┃ Revisions ┃ Tags   ┃ Variables ┃
┡━━━━━━━━╇━━━━━━━━━━╇━━━━━━━━━━━╇━━━━━━━━╇━━━━━━━━━━━┩
│ acme   │ backend  │           │        │ region=eu │
│ globex │ all      │           │ canary │           │
└────────┴──────────┴───────────┴────────┴───────────┘
"""
    )


def test_a_name_that_is_taken_is_refused(operator: Operator) -> None:
    operator.types("add", "acme")

    assert operator.is_refused("add", "acme") == (
        "There is a tenant `acme` already. Nothing was added."
    )


@pytest.mark.parametrize("name", ["Acme", "acme.com", "-acme", "a" * 64, "../acme", ""])
def test_a_name_that_could_do_harm_is_refused(operator: Operator, name: str) -> None:
    assert operator.is_refused("add", "--", name) == (
        f"`{name}` is no name for a tenant: use at most 63 small letters, digits and hyphens, "
        "such as `acme`. Nothing was added."
    )
    assert operator.types("list", "--json") == "[]\n"


def test_a_variable_without_a_value_is_refused(operator: Operator) -> None:
    assert operator.is_refused("add", "acme", "--var", "region") == (
        "`region` is no variable: write name=value. Nothing was added."
    )


def test_a_tenant_is_forgotten(operator: Operator) -> None:
    operator.types("add", "acme")

    assert operator.types("remove", "acme") == (
        "Forgot the tenant acme; what was deployed for it is left as it is.\n"
    )
    assert operator.types("list", "--json") == "[]\n"


def test_who_is_not_there_cannot_be_forgotten(operator: Operator) -> None:
    assert operator.is_refused("remove", "acme") == (
        "There is no tenant `acme`; there are: none. Nothing was removed."
    )
    operator.types("add", "globex")
    operator.types("add", "hooli")
    assert operator.is_refused("remove", "acme") == (
        "There is no tenant `acme`; there are: globex, hooli. Nothing was removed."
    )
