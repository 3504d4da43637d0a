"""What the checks say beside lines of files."""

from dataclasses import replace

import pytest

from bot.report.annotations import MOST, AnnotationWords, annotations
from bot.report.facts import DeploymentFacts
from bot.states import State
from tests.report.rollouts import ACME_FAILED, AFTER, BEFORE, updated

TAIL = """\
0003_unique_email.sql, line 2: UNIQUE constraint failed: customers.email
CREATE UNIQUE INDEX one_account_per_email ON customers (email);
Nothing of 0003_unique_email.sql was applied.
"""
SAID = AnnotationWords(
    path="0003_unique_email.sql",
    start_line=2,
    end_line=2,
    level="failure",
    message="UNIQUE constraint failed: customers.email",
    title="acme",
)


def failed(tenant: str, tail: str = TAIL) -> DeploymentFacts:
    return replace(ACME_FAILED, tenant=tenant, tail=tail)


def test_the_line_that_failed_is_told_with_its_tenant() -> None:
    assert annotations(AFTER, [updated("hooli"), failed("acme")]) == (SAID,)


def test_what_several_tenants_met_is_told_once_for_all_of_them() -> None:
    rows = [failed("acme"), failed("globex"), failed("hooli", TAIL.replace("email\n", "name\n"))]

    assert annotations(AFTER, rows) == (
        replace(SAID, title="acme, globex"),
        replace(SAID, message="UNIQUE constraint failed: customers.name", title="hooli"),
    )


@pytest.mark.parametrize(
    ("tenants", "title"),
    [
        (
            [f"tenant-{n}" for n in range(7)],
            ", ".join(f"tenant-{n}" for n in range(5)) + " and 2 more",
        ),
        (["two\nlines\u202e"], "two lines"),
        (["x" * 300], "x" * 199 + "…"),
    ],
)
def test_a_title_is_one_line_that_github_takes(tenants: list[str], title: str) -> None:
    (said,) = annotations(AFTER, [failed(tenant) for tenant in tenants])

    assert said.title == title


@pytest.mark.parametrize("state", sorted(set(State) - {State.FAILED, State.ROLLED_BACK}))
def test_only_of_what_failed_lines_are_told(state: State) -> None:
    assert annotations(AFTER, [replace(ACME_FAILED, state=state, tail=TAIL)]) == ()


def test_a_tenant_on_its_way_to_another_commit_has_other_lines() -> None:
    assert annotations(AFTER, [replace(failed("acme"), after=BEFORE)]) == ()


def test_of_too_many_the_failures_are_kept() -> None:
    warnings = "".join(f"a.py:{line}: warning: old\n" for line in range(1, 41))
    errors = "".join(f"b.py:{line}: broken\n" for line in range(1, 41))

    said = annotations(AFTER, [failed("acme", warnings + errors)])

    assert len(said) == MOST
    assert [(each.path, each.start_line) for each in said[:40]] == [
        ("b.py", line) for line in range(1, 41)
    ]
    assert [(each.path, each.start_line) for each in said[40:]] == [
        ("a.py", line) for line in range(1, 11)
    ]
