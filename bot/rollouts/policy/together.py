"""Services that one merge changes are rolled out together, as carefully as any of them is."""

from collections.abc import Collection, Iterable
from datetime import timedelta

from bot.rollouts.policy.policy import OnFailure, Policy, RolloutPolicy


def policy_of(policy: Policy, services: Iterable[str]) -> RolloutPolicy:
    """Answer how these services of a repository are rolled out together."""
    return combined([policy.service(service) for service in services])


def combined(policies: Collection[RolloutPolicy]) -> RolloutPolicy:
    """Answer the policy of a rollout that must suit all of these; of none, the default one.

    - The waves are those of the policy that names the most; among equals, of the one that
      pauses longest, then of the first.
    - The pause after a wave is the longest that any policy makes there; one that names another
      number of waves counts with its longest, after every wave.
    - Every failure limit stops the rollout, and the smallest `approve_above` asks.
    - What a failed tenant is put back from, what a push starts and what a newer merge takes over
      needs all of them to say so: `on_failure = "leave"`, `on_push`, `supersede`.
    - `deployments` are written where any of them wants it.
    """
    if not policies:
        return RolloutPolicy()
    first = max(policies, key=lambda policy: (len(policy.waves), sum(_pauses(policy))))
    caps = [policy.approve_above for policy in policies if policy.approve_above is not None]
    leave = all(policy.on_failure is OnFailure.LEAVE for policy in policies)
    return first.model_copy(
        update={
            "pauses": _longest_pauses(first, policies),
            "failure_limits": tuple(
                dict.fromkeys(limit for policy in policies for limit in policy.failure_limits)
            ),
            "approve_above": min(caps, default=None),
            "on_failure": OnFailure.LEAVE if leave else OnFailure.ROLL_BACK,
            "on_push": all(policy.on_push for policy in policies),
            "deployments": any(policy.deployments for policy in policies),
            "supersede": all(policy.supersede for policy in policies),
        }
    )


def _pauses(policy: RolloutPolicy) -> list[float]:
    return [pause.total_seconds() for pause in policy.pause_of_each]


def _longest_pauses(
    first: RolloutPolicy, policies: Iterable[RolloutPolicy]
) -> tuple[timedelta, ...]:
    count = len(first.waves)
    columns = [
        policy.pause_of_each if len(policy.waves) == count else (max(policy.pauses),) * count
        for policy in policies
    ]
    return tuple(map(max, zip(*columns, strict=True)))
