"""Who may do what to which tenants: the rules of `orbits.toml`, and the roles where none speaks.

A rule takes the place of the role that a command needs: where rules cover a command on a tenant,
whoever one of them names may give it, and nobody else, whatever their role. A rule therefore
gives and takes. Where none covers it, the role counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.report.suggestions import in_code, listed
from bot.rollouts.affected import TenantFacts
from bot.rollouts.policy.matching import reached
from bot.rollouts.policy.people import Actor, Named, Role
from bot.rollouts.policy.policy import Policy

_MOST_REASONS = 3


@dataclass(frozen=True)
class Allowed:
    """Somebody may give a command on all the tenants that it is about."""


@dataclass(frozen=True)
class NotAllowed:
    """Somebody may not give a command, as `sentence` tells them; `tenants` are those in the way."""

    sentence: str
    tenants: tuple[str, ...]


def allowed(
    policy: Policy, actor: Actor, verb: str, tenants: Iterable[TenantFacts], least: Role
) -> Allowed | NotAllowed:
    """Decide whether somebody may give a command on tenants; one who is refused refuses them all.

    `least` is the role that the command needs where no rule covers it. A command on no tenant is
    covered by the rules that speak of everyone.
    """
    refused: dict[tuple[Named, ...], list[str]] = {}
    for tenant, who in _who_decides(policy, verb, tuple(tenants)).items():
        by_role = not who and actor.role.reaches(least)
        if not by_role and not any(named.is_met_by(actor) for named in who):
            refused.setdefault(who, []).append(tenant)
    if not refused:
        return Allowed()
    reasons = [_reason(actor, verb, least, *each) for each in refused.items()][:_MOST_REASONS]
    sentence = f"@{actor.login}, {'; '.join(reasons)}. Nothing was started."
    return NotAllowed(sentence, tuple(name for group in refused.values() for name in group if name))


def _who_decides(
    policy: Policy, verb: str, tenants: tuple[TenantFacts, ...]
) -> dict[str, tuple[Named, ...]]:
    """Answer whom rules name for each tenant, or, of a command on none, under an empty name."""
    rules = [rule for rule in policy.rules if verb in rule.verbs]
    found: dict[str, dict[Named, None]] = {tenant.name: {} for tenant in tenants} or {"": {}}
    for rule in rules:
        general = [""] if rule.tenants is None and not tenants else []
        for name in [tenant.name for tenant in reached(rule.tenants, tenants)] or general:
            found[name].update(dict.fromkeys(rule.who))
    return {name: tuple(who) for name, who in found.items()}


def _reason(
    actor: Actor, verb: str, least: Role, who: tuple[Named, ...], tenants: list[str]
) -> str:
    command = in_code(f"/orbits {verb}")
    if not who:
        return f"{command} needs the {least} role on this repository; yours is {actor.role}"
    on = f" on {listed(filter(None, tenants))}" if any(tenants) else ""
    return (
        f"{command}{on} is left to {listed(named.text for named in who)} by `orbits.toml`, and "
        "you are none of them: ask one of them to type it"
    )
