"""When a rollout stops because too much failed, and when it waits for somebody to approve it."""

from bot.rollouts.policy.policy import RolloutPolicy
from bot.rollouts.policy.quantities import Amount


def limit_reached(policy: RolloutPolicy, failed: int, total: int) -> bool:
    """Whether so many failed deployments stop a rollout to so many tenants."""
    return _reached(policy, failed, total) is not None


def stopped_by(policy: RolloutPolicy, failed: int, total: int) -> str:
    """Say in a few words what stopped the rollout; empty where no limit is reached.

    Such as `stopped by the failure limit (1)`, or `stopped by the failure limit (10%: 2 of 14)`.
    """
    limit = _reached(policy, failed, total)
    if limit is None:
        return ""
    measure = f"{limit}: {limit.of(total)} of {total}" if limit.is_share else str(limit)
    return f"stopped by the failure limit ({measure})"


def needs_approval(policy: RolloutPolicy, total: int) -> bool:
    """Whether a rollout to so many tenants waits for `/orbits approve`."""
    return policy.approve_above is not None and total > policy.approve_above


def waits_for_approval(policy: RolloutPolicy, total: int) -> str:
    """Say in a few words what the rollout waits for; empty where it needs no approval."""
    if not needs_approval(policy, total):
        return ""
    tenants = "1 tenant is" if total == 1 else f"{total} tenants are"
    return f"waits for `/orbits approve`: {tenants} more than {policy.approve_above}"


def _reached(policy: RolloutPolicy, failed: int, total: int) -> Amount | None:
    """Answer the limit that is reached first, if any is."""
    reached = [limit for limit in policy.failure_limits if failed >= limit.of(total)]
    return min(reached, key=lambda limit: limit.of(total), default=None)
