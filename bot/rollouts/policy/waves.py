"""Which tenants of a rollout go together, in which order, and how long it pauses between them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from bot.rollouts.affected import TenantFacts
from bot.rollouts.policy.matching import reached
from bot.rollouts.policy.policy import RolloutPolicy
from bot.rollouts.policy.quantities import Portion


@dataclass(frozen=True)
class Wave:
    """Tenants that go together, and the pause after the last of them is done.

    `portion` is what `orbits.toml` calls them, such as `ring:canary`.
    """

    portion: str
    tenants: tuple[str, ...]
    bake: timedelta


def waves_of(policy: RolloutPolicy, tenants: Iterable[TenantFacts]) -> tuple[Wave, ...]:
    """Answer the waves of a rollout to these tenants, each of whom is in exactly one.

    Each portion takes from the tenants that are left, in the order of their names. A share
    is one of the whole rollout, not of those that are left. Who is left at the end is the last
    wave. A portion that finds nobody is no wave and makes no pause; nor does the last wave.
    """
    left = {tenant.name: tenant for tenant in sorted(tenants, key=lambda tenant: tenant.name)}
    total = len(left)
    waves = []
    for portion, pause in zip(policy.waves, policy.pause_of_each, strict=True):
        taken = _taken(portion, left, total)
        for name in taken:
            del left[name]
        if taken:
            waves.append(Wave(portion.text, taken, pause))
    if left:
        waves.append(Wave("rest", tuple(left), timedelta()))
    return (*waves[:-1], *(Wave(last.portion, last.tenants, timedelta()) for last in waves[-1:]))


def _taken(portion: Portion, left: dict[str, TenantFacts], total: int) -> tuple[str, ...]:
    if portion.selector is not None:
        return tuple(tenant.name for tenant in reached(portion.selector, left.values()))
    most = total if portion.amount is None else portion.amount.of(total)
    return tuple(islice(left, most))
