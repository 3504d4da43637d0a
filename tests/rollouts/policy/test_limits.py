"""How many failures stop a rollout, and how many tenants make it wait."""

import pytest

from bot.rollouts.policy.limits import (
    limit_reached,
    needs_approval,
    stopped_by,
    waits_for_approval,
)
from tests.rollouts.policy.policies import rollout


@pytest.mark.parametrize(
    ("limit", "failed", "total", "words"),
    [
        ("1", 0, 14, ""),
        ("1", 1, 14, "stopped by the failure limit (1)"),
        ("3", 2, 14, ""),
        ("3", 3, 14, "stopped by the failure limit (3)"),
        ("3", 2, 2, ""),
        ("'10%'", 0, 14, ""),
        ("'10%'", 1, 14, ""),
        ("'10%'", 2, 14, "stopped by the failure limit (10%: 2 of 14)"),
        ("'10%'", 1, 3, "stopped by the failure limit (10%: 1 of 3)"),
        ("'100%'", 13, 14, ""),
        ("[3, '10%']", 2, 14, "stopped by the failure limit (10%: 2 of 14)"),
        ("[3, '10%']", 3, 100, "stopped by the failure limit (3)"),
        ("'10%'", 0, 0, ""),
    ],
)
def test_a_rollout_stops_at_its_failure_limit(
    limit: str, failed: int, total: int, words: str
) -> None:
    policy = rollout(f"failure_limit = {limit}")

    assert stopped_by(policy, failed, total) == words
    assert limit_reached(policy, failed, total) == bool(words)


def test_without_a_limit_no_failure_stops_the_others() -> None:
    assert not limit_reached(rollout(), 14, 14)


@pytest.mark.parametrize(
    ("above", "total", "words"),
    [
        (50, 50, ""),
        (50, 51, "waits for `/orbits approve`: 51 tenants are more than 50"),
        (0, 1, "waits for `/orbits approve`: 1 tenant is more than 0"),
        (0, 0, ""),
    ],
)
def test_a_large_rollout_waits_for_approval(above: int, total: int, words: str) -> None:
    policy = rollout(f"approve_above = {above}")

    assert waits_for_approval(policy, total) == words
    assert needs_approval(policy, total) == bool(words)


def test_without_a_cap_nobody_is_asked() -> None:
    assert not needs_approval(rollout(), 10_000)
