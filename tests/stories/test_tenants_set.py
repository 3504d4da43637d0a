"""An operator changes clients, one or many, and sees first what that changes and of whom."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from bot.store.tables import Tenant
from tests.stories.operator import AT, Operator

UNDONE = "Nothing was changed."


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    """An operator of three clients."""
    operator = Operator(tmp_path)
    operator.types(
        *("add", "acme", "--ring", "canary", "--tag", "retail", "--tag", "vip"),
        *("--service", "backend", "--branch", "backend=next"),
        *("--variable", "region=eu-west-1", "--variable", "password=env:ACME_PASSWORD"),
    )
    operator.types("add", "globex", "--tag", "retail")
    operator.types("add", "hooli")
    return operator


def test_only_what_is_named_changes_and_is_told(operator: Operator) -> None:
    before = operator.sees_of("acme")

    told = operator.types(
        *("set", "acme", "--ring", "early", "--tag", "eu", "--untag", "VIP"),
        *("--variable", "region=us", "--variable", "size:=3", "--unset", "password"),
    )

    assert (
        told
        == """\
~ acme
    ring canary → early
    - tag vip
    + tag eu
    - variable password from env:ACME_PASSWORD
    variable region=eu-west-1 → region=us
    + variable size:=3
Changed 1 tenant.
"""
    )
    assert operator.sees_of("acme") == before | {
        "ring": "early",
        "tags": ["eu", "retail"],
        "variables": {"region": "us", "size": 3},
        "references": [],
    }


def test_a_tenant_uses_only_the_services_that_are_named_or_all_again(operator: Operator) -> None:
    told = operator.types(
        *("set", "acme", "--service", "auth", "--service", "frontend", "--unbranch", "backend")
    )
    assert told == (
        "~ acme\n    services backend → auth, frontend\n    - branch backend=next\n"
        "Changed 1 tenant.\n"
    )

    assert operator.types("set", "acme", "--all-services") == (
        "~ acme\n    services auth, frontend → all\nChanged 1 tenant.\n"
    )
    assert operator.sees_of("acme")["services"] == []


def test_a_dry_run_tells_the_same_and_changes_nothing(operator: Operator) -> None:
    before = operator.sees()

    assert operator.types("set", "all", "--tag", "eu", "--dry-run") == (
        "~ acme\n    + tag eu\n~ globex\n    + tag eu\n~ hooli\n    + tag eu\n"
        "This was a dry run: nothing was changed.\n"
    )
    assert operator.sees() == before


def test_several_are_changed_only_by_who_says_so(operator: Operator) -> None:
    assert operator.is_refused("set", "tag:retail", "--ring", "early") == (
        f"That changes 2 tenants: to do so, type the same with `--yes`. {UNDONE}"
    )

    assert operator.types("set", "tag:retail", "--ring", "early", "--yes") == (
        "~ acme\n    ring canary → early\n~ globex\n    ring all → early\nChanged 2 tenants.\n"
    )
    assert [one["ring"] for one in operator.sees()] == ["early", "early", "all"]


def test_who_has_it_already_does_not_count(operator: Operator) -> None:
    assert operator.types("set", "all", "--tag", "retail") == (
        "~ hooli\n    + tag retail\nChanged 1 tenant. 2 tenants had it already.\n"
    )
    assert operator.types("set", "hooli", "--tag", "Retail") == (
        "Nothing to change: 1 tenant is so already.\n"
    )


@pytest.mark.parametrize(
    ("answer", "rings"), [("y", ["late"] * 3), ("n", ["canary", "all", "all"])]
)
def test_at_a_terminal_it_is_asked(operator: Operator, answer: str, rings: list[str]) -> None:
    told = _at_a_terminal(operator, f"{answer}\n", "tenants", "set", "all", "--ring", "late")

    assert "Change these 3 tenants? [y/N]: " in told
    assert [one["ring"] for one in operator.sees()] == rings


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (
            ("acne", "--ring", "early"),
            (
                "No tenant is called `acne`. Did you mean `acme`? "
                "There are: `acme`, `globex` and `hooli`."
            ),
        ),
        (
            ("!acme", "--ring", "early"),
            "`!acme` says only who is left out. Everyone else is `all !acme`.",
        ),
        (
            ("acme", "service=backend", "--ring", "early"),
            "`service=backend` says nothing of who is meant: leave it out.",
        ),
        (("acme",), "Say what to change, such as `--ring canary`."),
        (
            ("acme", "--service", "auth", "--all-services", "--unbranch", "backend"),
            "`--service` and `--all-services` contradict each other.",
        ),
        (
            ("acme", "--tag", "eu", "--untag", "EU"),
            "`--tag eu` and `--untag eu` contradict each other.",
        ),
        (
            ("all", "--untag", "retial"),
            (
                "Nobody of them has the tag `retial`. Did you mean `--untag retail`? "
                "There are: `retail` and `vip`."
            ),
        ),
        (
            ("hooli", "--unset", "region"),
            "Nobody of them has the variable `region`. There are: none.",
        ),
        (
            ("acme", "--service", "auth"),
            (
                "acme would track next of backend, which it does not use: give "
                "`--unbranch backend`, or let it use backend."
            ),
        ),
        (
            ("acme", "--variable", "region=a", "--variable", "region=b"),
            "`--variable region` is given twice.",
        ),
        (
            ("acme", "--variable", "api_key=t0ps3cret"),
            (
                "`--variable api_key` is a plain value under the name of a secret. Refer to where "
                "the value is, such as by `--variable api_key=env:API_KEY` or "
                "`file:/run/secrets/api_key`, or say that it is no secret by `--plain api_key`."
            ),
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    operator: Operator, words: tuple[str, ...], answer: str
) -> None:
    before = operator.sees()

    assert operator.is_refused("set", *words) == f"{answer} {UNDONE}"
    assert operator.sees() == before


def test_what_a_release_before_allowed_is_no_obstacle(operator: Operator) -> None:
    operator.finds(lambda session: session.add(_as_it_was_once()))

    assert operator.types("set", "wayne", "--ring", "early", "--untag", "big spender") == (
        "~ wayne\n    ring all → early\n    - tag Big spender\nChanged 1 tenant.\n"
    )


def _as_it_was_once() -> Tenant:
    return Tenant(name="wayne", tags=["Big spender"], services=["gone"], created_at=AT)


def _at_a_terminal(operator: Operator, typed: str, *words: str) -> str:
    """Answer what a person sees who types a command and then an answer."""
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    done = subprocess.run(
        [Path(sys.executable).with_name("orbits"), *words],
        stdin=theirs,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | operator.environment,
        cwd=operator.home,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(ours)
    os.close(theirs)
    return done.stdout
