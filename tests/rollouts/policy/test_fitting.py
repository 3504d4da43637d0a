"""A policy that speaks of services and tenants that are not there."""

from bot.rollouts.policy.fitting import problems_with
from bot.rollouts.policy.problems import Problem
from bot.rollouts.policy.reading import read_policy
from tests.rollouts.policy.policies import tenant

TEXT = """\
[rollout]
waves = ["ring:cannary", "25%"]

[services.bakend]
waves = ["acme"]
after = ["auth", "databse"]

[[freezes]]
name = "weekend"
days = ["sun"]
from = "00:00"
until = "24:00"
zone = "UTC"
tenants = "tag:retail"

[[rules]]
who = ["@maria"]
verbs = ["approve"]
tenants = "globex"
"""
SERVICES = ["auth", "backend", "database"]
TENANTS = [tenant("acme", "canary", "bank"), tenant("initech")]


def test_a_service_that_is_not_there_is_a_problem_and_a_tenant_a_warning() -> None:
    assert problems_with(read_policy(TEXT), SERVICES, TENANTS, TEXT) == (
        Problem("`services.bakend` is no service of this fleet. Did you mean `backend`?", 4),
        Problem(
            "`services.bakend.after[1]` is `databse`, no service of this fleet. Did you mean "
            "`database`?",
            6,
        ),
        Problem("`rollout.waves[0]` reaches no tenant of today: `ring:cannary`.", 2, True),
        Problem("`freezes[0].tenants` reaches no tenant of today: `tag:retail`.", 14, True),
        Problem("`rules[0].tenants` reaches no tenant of today: `globex`.", 19, True),
    )


def test_what_is_not_known_is_not_held_against_a_policy() -> None:
    policy = read_policy(TEXT)

    assert problems_with(policy) == ()
    assert problems_with(policy, tenants=[]) == ()
    assert [each.line for each in problems_with(policy, services=SERVICES)] == [None, None]
