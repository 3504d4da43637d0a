"""An operator takes clients on, looks at them and forgets them, on the command line."""

from pathlib import Path

import pytest

from tests.stories.operator import Operator, has_the_backend, is_deployed_to, is_held

ADDED = "Added the tenant acme; it gets each of its services with that service's next merge.\n"


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path)


def test_a_tenant_is_added_with_what_makes_it_different(operator: Operator) -> None:
    added = operator.types(
        *("add", "acme", "--variable", "region=eu-west-1", "--var", "plan=a=b"),
        *("--variable", "replicas:=3", "--variable", "password=env:ACME_PASSWORD"),
        *("--ring", "Canary", "--tag", "large", "--tag", "Retail", "--tag", "retail"),
        *("--service", "backend", "--service", "auth", "--branch", "backend=next"),
    )

    assert added == ADDED
    assert operator.sees() == [
        {
            "name": "acme",
            "ring": "canary",
            "tags": ["large", "retail"],
            "services": ["auth", "backend"],
            "branches": {"backend": "next"},
            "variables": {
                "region": "eu-west-1",
                "plan": "a=b",
                "replicas": 3,
                "password": "env:ACME_PASSWORD",
            },
            "references": ["password"],
            "revisions": {},
            "holds": [],
        }
    ]


def test_people_see_a_table_of_what_there_is_to_say(operator: Operator) -> None:
    operator.types("add", "globex")
    operator.types("add", "acme", "--service", "backend", "--branch", "backend=next")
    operator.types("set", "acme", "--var", "key=file:/k", "--var", "label=[red]:x:")
    operator.finds(has_the_backend("acme"), is_held("globex"))

    assert (
        operator.types("list")
        == """\
┏━━━━━━━━┳━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━┓
┃ Tenant ┃ Services ┃ Revisions       ┃ Tracks       ┃ Held               ┃ Variables          ┃
┡━━━━━━━━╇━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━┩
│ acme   │ backend  │ backend 9f8e7d6 │ backend=next │                    │ key from file:/k,  │
│        │          │                 │              │                    │ label=[red]:x:     │
│ globex │ all      │                 │              │ backend held at    │                    │
│        │          │                 │              │ 9f8e7d6            │                    │
└────────┴──────────┴─────────────────┴──────────────┴────────────────────┴────────────────────┘
"""
    )


def test_only_those_are_listed_who_are_meant(operator: Operator) -> None:
    operator.types("add", "globex", "--tag", "retail")
    operator.types("add", "acme", "--tag", "retail", "--ring", "canary")
    operator.types("add", "hooli")

    assert [one["name"] for one in operator.sees("tag:retail")] == ["acme", "globex"]
    assert [one["name"] for one in operator.sees("tag:retail", "!ring:canary")] == ["globex"]
    assert operator.is_refused("list", "tag:retial") == (
        "No tag is called `retial`. Did you mean `retail`? There are: `retail`."
    )
    assert operator.is_refused("list", "service=backend") == (
        "`service=backend` says nothing of who is meant: leave it out."
    )


def test_where_there_is_nobody_nobody_is_listed(operator: Operator) -> None:
    assert operator.types("list", "--json") == "[]\n"
    assert operator.is_refused("list", "all") == "There are no tenants yet."


def test_a_name_that_is_taken_is_refused(operator: Operator) -> None:
    operator.types("add", "acme")

    assert operator.is_refused("add", "acme") == (
        "There is a tenant `acme` already; `orbits tenants set acme` changes it. Nothing was added."
    )


@pytest.mark.parametrize("name", ["Acme", "acme.com", "-acme", "a" * 64, "../acme", ""])
def test_a_name_that_could_do_harm_is_refused(operator: Operator, name: str) -> None:
    assert operator.is_refused("add", "--", name).endswith(
        "is no name for a tenant: use at most 63 small letters, digits and hyphens, such as "
        "`acme`. Nothing was added."
    )
    assert operator.sees() == []


def test_nobody_is_called_like_everyone(operator: Operator) -> None:
    assert operator.is_refused("add", "all") == (
        "`all` is no name for a tenant: in a selector it means every tenant. Nothing was added."
    )


def test_who_is_called_like_a_word_of_commands_is_told_how_it_is_named(operator: Operator) -> None:
    assert operator.types("add", "to").endswith("In a command it is named by `tenant:to`.\n")
    assert [one["name"] for one in operator.sees("tenant:to")] == ["to"]


def test_a_ring_that_looks_mistyped_is_asked_back_about(operator: Operator) -> None:
    operator.types("add", "globex", "--ring", "canary")

    assert operator.types("add", "acme", "--ring", "canry") == (
        f"{ADDED}Nobody was in the ring `canry` before. Did you mean `canary`?\n"
    )


def test_all_that_is_wrong_is_told_at_once_and_no_secret_is_repeated(operator: Operator) -> None:
    wrong = operator.is_refused(
        *("add", "acme", "--ring", "a*", "--tag", "big spender"),
        *("--service", "bakend", "--branch", "backend", "--branch", "site=x..y"),
        *("--variable", "region", "--variable", "size:=big", "--variable", "token=t0ps3cret"),
    )

    labels = "begin with a letter or a digit, go on with those and any of `_ . + / : = -`, such as"
    services = "There are: `auth`, `backend` and `frontend`."
    assert (
        wrong
        == f"""\
Nothing was added.
- `--branch backend` names no service: write such as `--branch backend=next`.
- `region` is no variable: write `name=value`, or `name:=value` for JSON.
- What follows `size:=` is not JSON. Write JSON, such as `size:=3`, or `size=` before a text.
- `--ring` is `"a*"`, which no selector could name: {labels} `canary`.
- `--tag` is `"big spender"`, which no selector could name: {labels} `retail`.
- `--service` is `"bakend"`, which is no service of the fleet. Did you mean `backend`? {services}
- `--branch site` is for no service of the fleet. {services}
- `--branch site` is `"x..y"`, which is no name that git allows for a branch.
- `--variable token` is a plain value under the name of a secret. Refer to where the value is, \
such as by `--variable token=env:TOKEN` or `file:/run/secrets/token`, or say that it is no secret \
by `--plain token`."""
    )
    assert operator.sees() == []


def test_what_is_only_called_like_a_secret_may_be_said_to_be_none(operator: Operator) -> None:
    operator.types("add", "acme", "--variable", "sort_key=name", "--plain", "sort_key")

    assert operator.sees_of("acme")["variables"] == {"sort_key": "name"}
    assert "name" not in operator.types("list").splitlines()[3].replace("[not shown]", "")


def test_a_tenant_is_forgotten(operator: Operator) -> None:
    operator.types("add", "acme")

    assert operator.types("remove", "acme") == "Forgot the tenant acme.\n"
    assert operator.sees() == []


def test_who_is_not_there_cannot_be_forgotten(operator: Operator) -> None:
    assert operator.is_refused("remove", "acme") == (
        "No tenant is called `acme`. There are: none. Nothing was removed."
    )
    operator.types("add", "globex")
    operator.types("add", "hooli")
    assert operator.is_refused("remove", "holi") == (
        "No tenant is called `holi`. Did you mean `hooli`? There are: `globex` and `hooli`. "
        "Nothing was removed."
    )


def test_who_is_deployed_to_or_held_is_forgotten_only_by_force(operator: Operator) -> None:
    operator.types("add", "acme")
    operator.finds(is_deployed_to("acme"), is_held("acme"))

    assert operator.is_refused("remove", "acme") == (
        "`acme` cannot be forgotten now: its deployment of backend → 9f8e7d6 (agency/backend#7) "
        "goes on; its backend is held at 9f8e7d6 by maya: orders are lost; `/orbits unhold acme "
        "service=backend` lifts it. To forget it all the same, type `orbits tenants remove acme "
        "--force`. Nothing was removed."
    )
    (hold,) = operator.sees_of("acme")["holds"]
    assert (hold["service"], hold["revision"][:7]) == ("backend", "9f8e7d6")

    operator.types("remove", "acme", "--force")
    operator.types("add", "acme")

    assert (operator.sees_of("acme")["revisions"], operator.sees_of("acme")["holds"]) == ({}, [])


def test_what_is_deployed_is_left_behind_only_by_who_says_so(operator: Operator) -> None:
    operator.types("add", "acme")
    operator.finds(has_the_backend("acme"), is_held("acme"))

    assert operator.is_refused("remove", "acme", "--force") == (
        "`acme` cannot be forgotten now: it has backend 9f8e7d6 deployed. Type `orbits tenants "
        "uninstall acme` first, or `orbits tenants remove acme --leave-deployed --force` to forget "
        "it and leave behind what is deployed. Nothing was removed."
    )
    assert operator.types("remove", "acme", "--leave-deployed", "--force") == (
        "Forgot the tenant acme.\n"
        "Left behind as it is, for nobody uninstalled it: backend 9f8e7d6.\n"
    )
    assert operator.sees() == []
