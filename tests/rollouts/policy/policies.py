"""Policies and tenants for these tests, written as people write them."""

from bot.rollouts.affected import TenantFacts
from bot.rollouts.policy.policy import RolloutPolicy
from bot.rollouts.policy.reading import read_policy


def rollout(*lines: str) -> RolloutPolicy:
    """The policy of a repository whose `[rollout]` has these lines."""
    return read_policy("\n".join(["[rollout]", *lines])).rollout


def tenant(name: str, ring: str = "production", *tags: str) -> TenantFacts:
    return TenantFacts(name, frozenset(tags), ring=ring)


def tenants(count: int) -> list[TenantFacts]:
    return [tenant(f"tenant-{number:05}") for number in range(count)]
