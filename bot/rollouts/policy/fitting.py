"""Whether a policy speaks of services and tenants that there are."""

from collections.abc import Collection, Iterator

from bot.report.suggestions import in_code
from bot.rollouts.affected import TenantFacts
from bot.rollouts.policy.lines import Lines
from bot.rollouts.policy.matching import reached
from bot.rollouts.policy.phrases import Path, instead, key_of
from bot.rollouts.policy.policy import Policy, RolloutPolicy
from bot.rollouts.policy.problems import Problem
from bot.rollouts.selectors import Selector


def problems_with(
    policy: Policy,
    services: Collection[str] | None = None,
    tenants: Collection[TenantFacts] | None = None,
    text: str = "",
) -> tuple[Problem, ...]:
    """Answer what is wrong, given all services and tenants that there are, or `None` if unknown.

    A service that does not exist is a problem. A selector that reaches nobody is a warning,
    since tenants come and go. `text` is the file's, for the lines.
    """
    lines = Lines(text)
    found = []
    for path, words in _unknown_services(policy, services) if services is not None else ():
        found.append(Problem(f"{key_of(path)} {words}", lines.of(path)))
    for path, selector in _selectors(policy) if tenants else ():
        if not reached(selector, tenants or ()):
            sentence = f"{key_of(path)} reaches no tenant of today: {in_code(str(selector), 200)}."
            found.append(Problem(sentence, lines.of(path), is_warning=True))
    return tuple(found)


def _unknown_services(policy: Policy, known: Collection[str]) -> Iterator[tuple[Path, str]]:
    for name, service in policy.services.items():
        if name not in known:
            yield ("services", name), f"is no service of this fleet.{instead(name, known)}"
        for place, other in enumerate(service.after):
            if other not in known:
                words = f"is {in_code(other)}, no service of this fleet.{instead(other, known)}"
                yield ("services", name, "after", place), words


def _selectors(policy: Policy) -> Iterator[tuple[Path, Selector]]:
    yield from _selectors_of_waves(policy.rollout, ("rollout",))
    for name, service in policy.services.items():
        yield from _selectors_of_waves(service, ("services", name))
    for place, freeze in enumerate(policy.freezes):
        if freeze.tenants is not None:
            yield ("freezes", place, "tenants"), freeze.tenants
    for place, rule in enumerate(policy.rules):
        if rule.tenants is not None:
            yield ("rules", place, "tenants"), rule.tenants
    for place, ignored in enumerate(policy.drift.ignore):
        if ignored.tenants is not None:
            yield ("drift", "ignore", place, "tenants"), ignored.tenants
    for place, route in enumerate(policy.alerts):
        if route.tenants is not None:
            yield ("alerts", place, "tenants"), route.tenants


def _selectors_of_waves(way: RolloutPolicy, path: Path) -> Iterator[tuple[Path, Selector]]:
    for place, portion in enumerate(way.waves):
        if portion.selector is not None:
            yield (*path, "waves", place), portion.selector
