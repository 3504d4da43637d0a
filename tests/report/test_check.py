"""The check on a merge commit: when it is green, and when it can never be."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from bot.report.check import LONGEST, CheckWords, check
from bot.report.facts import DeploymentFacts, RolloutFacts
from bot.states import State
from tests.report.rollouts import (
    ACME_FAILED,
    ONE_FAILED,
    UNDER_WAY,
    Page,
    any_rollout,
    updated,
)


def in_state(state: State, *rows: State) -> RolloutFacts:
    deployments = tuple(DeploymentFacts(f"tenant-{number}", row) for number, row in enumerate(rows))
    return RolloutFacts(("backend",), "a" * 40, state, deployments)


def test_a_failure_says_who_in_the_summary_and_what_was_printed_in_the_text() -> None:
    assert check(ONE_FAILED) == CheckWords(
        status="completed",
        conclusion="failure",
        title="2 of 4 tenants updated, 1 failed, 1 held",
        summary="""\
#381 "Use new session store" by maria · wave 2 of 3 · stopped by the failure limit (1) · took 12m00

| Tenant | From → To | Result | Took |
|---|---|---|---|
| **acme** | 9f8e7d6 → a1b2c3d | ❌ step `sql-migrate`: `alembic upgrade head` ended with \
status 3 · rolled back to 9f8e7d6 · run 7f3c | 7m10 |
| globex | 9f8e7d6 | ⏸️ wave 3 not started |  |

<details><summary>2 updated</summary>

| Tenant | From → To | Result | Took |
|---|---|---|---|
| hooli | 9f8e7d6 → a1b2c3d | ✅ updated | 42s |
| umbrella | 9f8e7d6 → a1b2c3d | ✅ updated | 42s |

</details>

Next: `/orbits retry acme` · `/orbits rollback` · [run](<https://orbits.agency.test/rollouts/7>)""",
        text="""\
<details><summary>acme: what <code>sql-migrate</code> printed last</summary>

```text
INFO  Running upgrade
ERROR relation does not exist
```

</details>

<details><summary>1 not affected</summary>

- initech: initech does not use backend

</details>""",
    )


S = State


@pytest.mark.parametrize(
    ("facts", "status", "conclusion", "title"),
    [
        (in_state(S.QUEUED), "queued", None, "Not planned yet"),
        (in_state(S.QUEUED, S.QUEUED), "queued", None, "0 of 1 tenant updated, 1 queued"),
        (in_state(S.WAITING, S.QUEUED), "in_progress", None, "0 of 1 tenant updated, 1 queued"),
        (
            in_state(S.RUNNING, S.SUCCEEDED, S.FAILED, S.RUNNING),
            "in_progress",
            None,
            "1 of 3 tenants updated, 1 failed, 1 running",
        ),
        (in_state(S.SUCCEEDED, S.SUCCEEDED), "completed", "success", "1 of 1 tenant updated"),
        (
            in_state(S.SUCCEEDED, S.SUCCEEDED, S.SKIPPED),
            "completed",
            "success",
            "1 of 2 tenants updated, 1 skipped",
        ),
        (
            in_state(S.SUCCEEDED, S.SKIPPED, S.SKIPPED),
            "completed",
            "skipped",
            "2 tenants skipped",
        ),
        (in_state(S.SUCCEEDED), "completed", "skipped", "No tenant is affected"),
        (in_state(S.SKIPPED), "completed", "skipped", "No tenant is affected"),
        (in_state(S.FAILED), "completed", "failure", "Failed before any tenant was reached"),
        (
            in_state(S.CANCELLED),
            "completed",
            "cancelled",
            "Cancelled before any tenant was reached",
        ),
        (
            in_state(S.SUCCEEDED, S.SUCCEEDED, S.RUNNING),
            "in_progress",
            None,
            "1 of 2 tenants updated, 1 running",
        ),
        (
            in_state(S.FAILED, S.FAILED, S.QUEUED),
            "completed",
            "failure",
            "0 of 2 tenants updated, 1 failed, 1 queued",
        ),
        (
            in_state(S.SUCCEEDED, S.SUCCEEDED, S.FAILED),
            "completed",
            "failure",
            "1 of 2 tenants updated, 1 failed",
        ),
        (
            in_state(S.SUCCEEDED, S.SUCCEEDED, S.HELD),
            "completed",
            "neutral",
            "1 of 2 tenants updated, 1 held",
        ),
        (
            in_state(S.CANCELLED, S.SUCCEEDED, S.CANCELLED),
            "completed",
            "cancelled",
            "1 of 2 tenants updated, 1 cancelled",
        ),
        (
            in_state(S.ROLLED_BACK, S.ROLLED_BACK),
            "completed",
            "failure",
            "0 of 1 tenant updated, 1 rolled back",
        ),
    ],
)
def test_the_verdict(facts: RolloutFacts, status: str, conclusion: str | None, title: str) -> None:
    said = check(facts)
    assert (said.status, said.conclusion, said.title) == (status, conclusion, title)
    assert said.summary


@settings(max_examples=200, deadline=None)
@given(any_rollout())
def test_green_needs_every_planned_tenant_recorded_as_done(facts: RolloutFacts) -> None:
    said = check(facts)
    rows = [deployment.state for deployment in facts.deployments]

    assert (said.conclusion is None) == (said.status != "completed")
    if said.conclusion == "success":
        assert facts.state is State.SUCCEEDED
        assert State.SUCCEEDED in rows
        assert set(rows) <= {State.SUCCEEDED, State.SKIPPED}
    if not rows and facts.state.terminal:
        assert said.conclusion != "success"


@settings(max_examples=50, deadline=None)
@given(any_rollout())
def test_it_fits_and_does_nothing(facts: RolloutFacts) -> None:
    said = check(facts)

    assert 0 < len(said.summary) <= LONGEST
    assert len(said.text) <= LONGEST
    assert len(said.title) <= 200
    assert "script" not in Page(said.summary).tags + Page(said.text).tags


def test_two_thousand_failures_fit() -> None:
    failed = tuple(
        replace(ACME_FAILED, tenant=f"tenant-{number}", tail="x" * 5000) for number in range(2000)
    )
    said = check(replace(ONE_FAILED, deployments=failed))

    assert len(said.summary) <= LONGEST
    assert len(said.text) <= LONGEST
    assert "… and 1900 more, not shown here." in said.text


def test_nothing_of_a_running_rollout_is_green() -> None:
    facts = replace(UNDER_WAY, deployments=(updated("acme"),))
    assert check(facts).conclusion is None


def test_what_a_channel_did_not_take_is_told_with_why() -> None:
    why = "The alert could not be sent to Slack's #deploys: `not_in_channel`. Invite it."

    summary = check(ONE_FAILED, [why, why]).summary

    told = "The alert could not be sent to Slack's #&#8203;deploys: `not_in_channel`. Invite it."
    assert [line for line in summary.splitlines() if "could not be" in line] == [f"⚠️ {told}"]
