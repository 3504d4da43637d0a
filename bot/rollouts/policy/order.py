"""In which order the services of a stack go."""

from collections.abc import Iterable
from graphlib import TopologicalSorter

from bot.rollouts.policy.policy import Policy


def stages(policy: Policy, services: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Answer the services in groups: those of one group may go together, after the one before.

    Order holds through services that are not among these: where `web` goes after `api` and
    `api` after `auth`, `web` goes after `auth` even if `api` stays as it is.
    """
    going = frozenset(services)
    graph = {service: _before(policy, service) & going for service in sorted(going)}
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    groups = []
    while sorter.is_active():
        ready = sorter.get_ready()
        sorter.done(*ready)
        groups.append(tuple(sorted(ready)))
    return tuple(groups)


def _before(policy: Policy, service: str) -> frozenset[str]:
    """Answer every service that must be done first, near and far."""
    found: set[str] = set()
    asked = [service]
    while asked:
        own = policy.services.get(asked.pop())
        new = set(own.after) - found if own is not None else set()
        found |= new
        asked += new
    return frozenset(found)
