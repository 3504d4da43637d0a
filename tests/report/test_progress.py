"""The line that a terminal shows while a rollout goes on."""

import re
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings

from bot.report.facts import RolloutFacts
from bot.report.progress import progress_line
from tests.report.rollouts import ONE_FAILED, START, UNDER_WAY, any_rollout


def test_a_rollout_under_way() -> None:
    assert progress_line(UNDER_WAY, START + timedelta(seconds=80)) == (
        "backend → a1b2c3d █████████████░░░░░░░ 4 of 6 tenants updated, 2 running (1m20)"
    )


def test_a_rollout_that_ended_says_how_long_it_took() -> None:
    assert progress_line(ONE_FAILED, START + timedelta(days=3)) == (
        "backend → a1b2c3d ████████████████████ 2 of 4 tenants updated, 1 failed, 1 held (12m00)"
    )


def test_a_rollout_that_is_not_planned_yet() -> None:
    facts = replace(UNDER_WAY, deployments=(), started=None)
    assert progress_line(facts, START) == "backend → a1b2c3d ░░░░░░░░░░░░░░░░░░░░ not planned yet"


@settings(deadline=None)
@given(any_rollout())
def test_it_is_one_line_without_control_characters(facts: RolloutFacts) -> None:
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", progress_line(facts, START))
