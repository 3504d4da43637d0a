"""Who may give which command on which tenants."""

import pytest

from bot.rollouts.affected import TenantFacts
from bot.rollouts.policy.people import Actor, Role
from bot.rollouts.policy.policy import Policy
from bot.rollouts.policy.reading import read_policy
from bot.rollouts.policy.rules import Allowed, NotAllowed, allowed
from tests.rollouts.policy.policies import tenant

ACME, GLOBEX = tenant("acme", "production"), tenant("globex", "canary")
RULES = read_policy("""\
[[rules]]
who = ["@Maria", "team:Agency/ops", "role:maintain"]
verbs = ["rollback", "approve"]
tenants = "ring:production"

[[rules]]
who = ["@rowan"]
verbs = ["rollback"]
tenants = "acme"

[[rules]]
who = ["role:admin"]
verbs = ["cancel"]
""")
BOTH = (ACME, GLOBEX)


def actor(login: str = "sam", role: str = "none", *teams: str) -> Actor:
    return Actor(login, frozenset(teams), Role(role))


def said(who: Actor, verb: str, *tenants: TenantFacts, policy: Policy = RULES) -> str:
    answer = allowed(policy, who, verb, tenants, Role.WRITE)
    return answer.sentence if isinstance(answer, NotAllowed) else ""


def test_without_rules_the_role_decides() -> None:
    assert said(actor(role="write"), "rollback", *BOTH, policy=Policy()) == ""
    assert said(actor("rowan", "read"), "rollback", *BOTH, policy=Policy()) == (
        "@rowan, `/orbits rollback` needs the write role on this repository; yours is read. "
        "Nothing was started."
    )


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (actor("maria", "read"), True),
        (actor("MARIA"), True),
        (actor("sam", "read", "agency/OPS"), True),
        (actor("sam", "read", "agency/dev"), False),
        (actor("rowan", "read"), True),
        (actor("sam", "write"), False),
        (actor("sam", "maintain"), True),
        (actor("sam", "admin"), True),
    ],
)
def test_where_rules_cover_a_command_whom_they_name_may_give_it_and_nobody_else(
    who: Actor, may: bool
) -> None:
    assert isinstance(allowed(RULES, who, "rollback", [ACME], Role.WRITE), Allowed) == may


def test_where_no_rule_covers_the_tenant_or_the_verb_the_role_decides() -> None:
    assert said(actor(role="write"), "rollback", GLOBEX) == ""
    assert said(actor(role="write"), "pause", ACME) == ""
    assert "needs the write role" in said(actor("maria", "read"), "rollback", GLOBEX)


def test_who_is_refused_on_one_tenant_is_refused_on_all_and_told_whom_to_ask() -> None:
    answer = allowed(RULES, actor(role="write"), "rollback", BOTH, Role.WRITE)

    assert answer == NotAllowed(
        "@sam, `/orbits rollback` on `acme` is left to `@Maria`, `team:Agency/ops`, "
        "`role:maintain` and `@rowan` by `orbits.toml`, and you are none of them: ask one of "
        "them to type it. Nothing was started.",
        ("acme",),
    )


def test_all_reasons_are_told() -> None:
    assert said(actor("sam", "read"), "approve", *BOTH) == (
        "@sam, `/orbits approve` on `acme` is left to `@Maria`, `team:Agency/ops` and "
        "`role:maintain` by `orbits.toml`, and you are none of them: ask one of them to type it; "
        "`/orbits approve` needs the write role on this repository; yours is read. "
        "Nothing was started."
    )


def test_a_command_on_no_tenant_is_covered_by_rules_for_everyone() -> None:
    assert said(actor(role="maintain"), "cancel") == (
        "@sam, `/orbits cancel` is left to `role:admin` by `orbits.toml`, and you are none of "
        "them: ask one of them to type it. Nothing was started."
    )
    assert said(actor(role="admin"), "cancel") == ""
    assert said(actor(role="write"), "rollback") == ""


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("least", list(Role))
def test_a_role_reaches_itself_and_those_below(role: Role, least: Role) -> None:
    order = ["none", "read", "triage", "write", "maintain", "admin"]
    assert role.reaches(least) == (order.index(role) >= order.index(least))
