"""The protection of a default branch, as a ruleset of GitHub's and read back from one; pure."""

from typing import Literal

from pydantic import JsonValue

from bot.github.rest.rulesets import Rule, Ruleset
from resources.library.github.host import Protection

NAME = "orbits"
"""What our ruleset is called; whoever reads the rules sees whose it is."""

ADMIN_ROLE = 5
"""GitHub's number for the role of those who administer a repository.

https://registry.terraform.io/providers/integrations/github/latest/docs/resources/repository_ruleset
"""

_ALWAYS = ("deletion", "non_fast_forward")


def ruleset_of(protection: Protection) -> dict[str, JsonValue]:
    """Answer the request's JSON."""
    rules: list[JsonValue] = [{"type": kind} for kind in _ALWAYS]
    if protection.approvals is not None:
        rules.append({"type": "pull_request", "parameters": _reviews(protection.approvals)})
    if protection.checks:
        rules.append({"type": "required_status_checks", "parameters": _checks(protection)})
    admins: dict[str, JsonValue] = {
        "actor_id": ADMIN_ROLE,
        "actor_type": "RepositoryRole",
        "bypass_mode": "always",
    }
    return {
        "name": NAME,
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": [] if protection.binds_admins else [admins],
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": rules,
    }


def protection_of(ruleset: Ruleset) -> Protection | Literal["tampered"]:
    """Answer what a ruleset of ours demands, unless somebody made something else of it."""
    rules = {rule.type: rule for rule in ruleset.rules}
    try:
        found = Protection(
            approvals=_approvals(rules.get("pull_request")),
            checks=_names(rules.get("required_status_checks")),
            up_to_date=_up_to_date(rules.get("required_status_checks")),
            binds_admins=not ruleset.bypass_actors,
        )
    except (KeyError, TypeError, ValueError):
        return "tampered"
    return found if _says(ruleset, ruleset_of(found)) else "tampered"


def _says(found: Ruleset, wanted: dict[str, JsonValue]) -> bool:
    """Answer whether it is the wanted one; parameters that GitHub has since invented may differ."""
    as_wanted = Ruleset.model_validate({**wanted, "id": found.id})
    same = (found.target, found.enforcement, found.conditions, found.bypass_actors) == (
        as_wanted.target,
        as_wanted.enforcement,
        as_wanted.conditions,
        as_wanted.bypass_actors,
    )
    rules = {rule.type: rule.parameters for rule in found.rules}
    if not same or set(rules) != {rule.type for rule in as_wanted.rules}:
        return False
    return all(
        rules[rule.type].get(name) == value
        for rule in as_wanted.rules
        for name, value in rule.parameters.items()
        if name != "required_status_checks"
    )


def _reviews(approvals: int) -> dict[str, JsonValue]:
    return {
        "required_approving_review_count": approvals,
        "dismiss_stale_reviews_on_push": False,
        "require_code_owner_review": False,
        "require_last_push_approval": False,
        "required_review_thread_resolution": False,
    }


def _checks(protection: Protection) -> dict[str, JsonValue]:
    return {
        "required_status_checks": [{"context": name} for name in protection.checks],
        "strict_required_status_checks_policy": protection.up_to_date,
    }


def _approvals(rule: Rule | None) -> int | None:
    return None if rule is None else int(rule.parameters["required_approving_review_count"])


def _names(rule: Rule | None) -> tuple[str, ...]:
    checks = [] if rule is None else rule.parameters["required_status_checks"]
    return tuple(each["context"] for each in checks)


def _up_to_date(rule: Rule | None) -> bool:
    return rule is not None and bool(rule.parameters["strict_required_status_checks_policy"])
