"""An operator keeps clients in a file, and makes the store say what the file says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stories.operator import (
    Happening,
    Operator,
    has_the_backend,
    is_deployed_to,
    is_held,
)

FILE = """\
[tenants.acme]
ring = "canary"
tags = ["retail", "VIP"]
services = ["backend", "frontend"]
branches = { backend = "next" }
variables = { region = "eu-west-1", password = "env:ACME_PASSWORD" }

[tenants.globex]

[tenants.hooli.variables]
limits = { users = 100, open = true }
"""


DEPLOYED = (
    "something deployed, and would be forgotten. Name them in the file; or type `orbits tenants "
    "uninstall wayne` first, or `orbits tenants remove wayne --leave-deployed` to forget it and "
    "leave behind what is deployed."
)
HELD = (
    "something held, or deployed just now, and would be forgotten. Name them in the file, or "
    "forget each by such as `orbits tenants remove wayne --force`."
)


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path)


def test_a_file_makes_tenants_and_tells_what_it_changes(operator: Operator) -> None:
    operator.types("add", "globex", "--ring", "early")
    operator.types("add", "wayne")

    told = operator.types("import", operator.has_a_file(FILE))

    assert (
        told
        == """\
+ acme
    ring all → canary
    + tag retail
    + tag vip
    services all → backend, frontend
    + branch backend=next
    + variable password from env:ACME_PASSWORD
    + variable region=eu-west-1
~ globex
    ring early → all
+ hooli
    + variable limits:={"users": 100, "open": true}
Left as they are, for the file does not name them: `wayne`.
Imported tenants.toml: 2 added, 1 changed, 1 as they were.
"""
    )
    acme, _, hooli, _ = operator.sees()
    assert acme["branches"] == {"backend": "next"}
    assert acme["variables"] == {"region": "eu-west-1", "password": "env:ACME_PASSWORD"}
    assert hooli["variables"] == {"limits": {"users": 100, "open": True}}


def test_the_second_time_nothing_changes(operator: Operator) -> None:
    file = operator.has_a_file(FILE)
    operator.types("import", file)
    before = operator.sees()

    assert operator.types("import", file) == "Imported tenants.toml: 3 as they were.\n"
    assert operator.sees() == before


def test_a_dry_run_tells_the_same_and_changes_nothing(operator: Operator) -> None:
    told = operator.types("import", operator.has_a_file(FILE), "--dry-run")

    assert told.startswith("+ acme\n")
    assert told.endswith("tenants.toml: 3 added. This was a dry run: nothing was changed.\n")
    assert operator.sees() == []


def test_one_is_not_true_and_both_are_told_apart(operator: Operator) -> None:
    operator.types("import", operator.has_a_file("tenants.acme.variables.open = 1"))

    assert operator.types(
        "import", operator.has_a_file("tenants.acme.variables.open = true")
    ).startswith("~ acme\n    variable open:=1 → open:=true\n")


def test_whom_the_file_does_not_name_is_forgotten_on_request(operator: Operator) -> None:
    operator.types("add", "wayne")
    operator.types("add", "acme")

    told = operator.types("import", operator.has_a_file("[tenants.acme]"), "--prune")

    assert told == "- wayne\nImported tenants.toml: 1 forgotten, 1 as they were.\n"
    assert [one["name"] for one in operator.sees()] == ["acme"]


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        (has_the_backend, DEPLOYED),
        (is_deployed_to, HELD),
        (is_held, HELD),
    ],
)
@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_who_has_something_deployed_or_held_is_forgotten_by_no_file(
    operator: Operator, happened: Callable[[str], Happening], why: str, more: tuple[str, ...]
) -> None:
    operator.types("add", "wayne")
    operator.types("add", "umbrella")
    operator.finds(happened("wayne"))

    assert operator.is_refused("import", operator.has_a_file(FILE), "--prune", *more) == (
        f"`wayne` has {why} Nothing was changed."
    )
    assert [one["name"] for one in operator.sees()] == ["umbrella", "wayne"]


def test_all_that_is_wrong_is_told_at_once_line_by_line(operator: Operator) -> None:
    operator.types("add", "globex", "--ring", "early")
    wrong = operator.is_refused(
        "import",
        operator.has_a_file(
            """\
[tenants.Acme]
rnig = "canary"
tags = "retail"

[tenants.all]
services = ["bakend", "auth"]
branches = { frontnd = "next", auth = "refs/heads/next", backend = 3 }

[tenants.globex]
ring = "ring one"
services = []

[tenants.hooli]
services = ["backend"]
branches = { auth = "next" }

[tenants.wayne.variables]
password = "t0ps3cret"
since = 2020-01-01
size = inf
database = { name = "x", "access key" = "t0ps3cret" }
"api-url" = "x"
token = "env:ORBITS_GITHUB_PRIVATE_KEY"

[defaults]
""",
            "clients.toml",
        ),
    )

    labels = "begin with a letter or a digit, go on with those and any of `_ . + / : = -`, such as"
    services = "There are: `auth`, `backend` and `frontend`."
    assert (
        wrong
        == f"""\
`clients.toml` cannot be used. Nothing was changed.
- line 1: `tenants.Acme` is no name for a tenant: use at most 63 small letters, digits and \
hyphens, such as `acme`.
- line 2: `tenants.Acme.rnig` is unknown. Did you mean `ring`?
- line 3: `tenants.Acme.tags` is not a list.
- line 5: `tenants.all` is no name for a tenant: in a selector it means every tenant.
- line 6: `tenants.all.services[0]` is `"bakend"`, which is no service of the fleet. Did you mean \
`backend`? {services}
- line 7: `tenants.all.branches.frontnd` is for no service of the fleet. Did you mean `frontend`? \
{services}
- line 7: `tenants.all.branches.auth` is `"refs/heads/next"`: write the branch alone, such as \
`next`.
- line 7: `tenants.all.branches.backend` is `3`: write a branch in quotes, such as `"next"`.
- line 10: `tenants.globex.ring` is `"ring one"`, which no selector could name: {labels} \
`canary`.
- line 11: `tenants.globex.services` is an empty list: leave it out, or name something.
- line 15: `tenants.hooli.branches.auth` is for a service that is not among its `services`.
- line 18: `tenants.wayne.variables.password` is a plain value under the name of a secret. Refer \
to where the value is, such as by `password = "env:PASSWORD"` or `file:/run/secrets/password`, or \
say that it is no secret by `--plain password`.
- line 19: `tenants.wayne.variables.since` is a date or a time, of which JSON has none: write it \
in quotes.
- line 20: `tenants.wayne.variables.size` is no number that JSON has.
- line 21: `tenants.wayne.variables.database."access key"` is a plain value under the name of a \
secret. Refer to where the value is, such as by `env:ACCESS_KEY` or `file:/run/secrets/database`, \
or say that it is no secret by `--plain database`.
- line 22: `tenants.wayne.variables.api-url` is no name for a variable: use at most 64 letters, \
digits and `_`.
- line 23: `tenants.wayne.variables.token` refers to `env:ORBITS_GITHUB_PRIVATE_KEY`, a setting \
of the bot itself, which no stack is given. Set the value under another name, and refer to that.
- line 25: `defaults` is unknown. There are: `tenants`."""
    )
    assert [one["ring"] for one in operator.sees()] == ["early"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "`tenants` is missing."),
        ("tenants = 3", "line 1: `tenants` is not a table."),
        ("[tenants]\nacme = 3", "line 2: `tenants.acme` is not a table."),
        ("[acme]", "`tenants` is missing."),
        (
            "[tenants.acme",
            "The file is no TOML at its end: Expected ']' at the end of a table declaration.",
        ),
    ],
)
def test_a_file_that_names_nobody_is_refused(operator: Operator, text: str, problem: str) -> None:
    operator.types("add", "wayne")

    assert f"\n- {problem}" in operator.is_refused("import", operator.has_a_file(text), "--prune")
    assert len(operator.sees()) == 1


def test_a_file_that_cannot_be_read_is_refused(operator: Operator) -> None:
    path = operator.home / "nowhere.toml"
    assert operator.is_refused("import", str(path)) == (
        f"`{path}` cannot be read: No such file or directory. Nothing was changed."
    )
    path.write_bytes(b"\xff")
    assert operator.is_refused("import", str(path)) == (
        f"`{path}` is no text in UTF-8. Nothing was changed."
    )


def test_no_tenants_are_taken_away_by_a_file_that_is_only_a_table(operator: Operator) -> None:
    operator.types("add", "wayne")

    assert operator.types("import", operator.has_a_file("[tenants]")) == (
        "Left as they are, for the file does not name them: `wayne`.\n"
        "Imported tenants.toml: 1 as they were.\n"
    )
