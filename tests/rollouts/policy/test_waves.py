"""Which tenants go together, and how services that go together agree on it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rollouts.affected import TenantFacts
from bot.rollouts.policy.policy import OnFailure, RolloutPolicy
from bot.rollouts.policy.quantities import Amount
from bot.rollouts.policy.reading import read_policy
from bot.rollouts.policy.together import combined, policy_of
from bot.rollouts.policy.waves import Wave, waves_of
from tests.rollouts.policy.policies import rollout, tenant, tenants

AGENCY = [
    tenant("umbrella"),
    tenant("initech", "production", "bank"),
    tenant("acme", "canary"),
    tenant("hooli"),
    tenant("globex", "canary", "bank"),
]


def goes(policy: RolloutPolicy, everyone: list[TenantFacts]) -> list[tuple[str, ...]]:
    return [wave.tenants for wave in waves_of(policy, everyone)]


def test_without_a_policy_everyone_goes_at_once_in_the_order_of_names() -> None:
    assert waves_of(RolloutPolicy(), AGENCY) == (
        Wave("rest", ("acme", "globex", "hooli", "initech", "umbrella"), timedelta()),
    )


def test_a_ring_goes_first_then_a_share_of_the_whole_then_the_rest() -> None:
    policy = rollout('waves = ["ring:canary", "40%", "rest"]', 'bake = ["10m", "1h", "2h"]')

    assert waves_of(policy, AGENCY) == (
        Wave("ring:canary", ("acme", "globex"), timedelta(minutes=10)),
        Wave("40%", ("hooli", "initech"), timedelta(hours=1)),
        Wave("rest", ("umbrella",), timedelta()),
    )


@pytest.mark.parametrize(
    ("waves", "sizes"),
    [
        (["rest"], [10]),
        (["25%"], [3, 7]),
        (["1%", "rest"], [1, 9]),
        (["33%", "33%", "33%"], [4, 4, 2]),
        (["100%"], [10]),
        (["3", "4"], [3, 4, 3]),
        (["3", 4], [3, 4, 3]),
        (["100", "rest"], [10]),
        (["all", "rest"], [10]),
        (["ring:nobody", "50%", "tag:nobody"], [5, 5]),
        (["tenant-00003", "tenant-00003 tenant-00004", "1"], [1, 1, 1, 7]),
        (["!tenant-00003"], [9, 1]),
    ],
)
def test_how_many_go_in_each_wave(waves: list[str], sizes: list[int]) -> None:
    assert list(map(len, goes(rollout(f"waves = {waves}"), tenants(10)))) == sizes


def test_a_word_for_tenants_that_are_not_there_hides_no_others() -> None:
    policy = rollout('waves = ["tag:bank tag:insurer !nobody", "rest"]')

    assert goes(policy, AGENCY)[0] == ("globex", "initech")


def test_a_wave_that_finds_nobody_makes_no_pause() -> None:
    policy = rollout('waves = ["ring:nobody", "2"]', 'bake = ["1d", "5m"]')

    assert [wave.bake for wave in waves_of(policy, AGENCY)] == [timedelta(minutes=5), timedelta()]


def test_who_is_left_waits_for_the_pause_of_the_last_wave_that_is_named() -> None:
    policy = rollout('waves = ["ring:canary", "1"]', 'bake = ["10m", "1h"]')

    assert [(wave.portion, wave.bake) for wave in waves_of(policy, AGENCY)] == [
        ("ring:canary", timedelta(minutes=10)),
        ("1", timedelta(hours=1)),
        ("rest", timedelta()),
    ]


def test_a_rollout_to_nobody_has_no_waves() -> None:
    assert waves_of(rollout('waves = ["10", "rest"]'), []) == ()


PORTIONS = st.sampled_from(["1", "3", "10%", "50%", "ring:a", "tag:x", "!t-1 !t-2", "t-*", "all"])
TENANTS = st.builds(
    TenantFacts,
    st.integers(0, 40).map(lambda number: f"t-{number}"),
    st.frozensets(st.sampled_from(["x", "y"])),
    ring=st.sampled_from(["a", "b"]),
)


@given(
    waves=st.lists(PORTIONS, min_size=1, max_size=6),
    everyone=st.lists(TENANTS, unique_by=lambda tenant: tenant.name),
)
def test_every_tenant_is_in_exactly_one_wave(waves: list[str], everyone: list[TenantFacts]) -> None:
    policy = rollout(f"waves = {waves}", 'bake = "1m"')
    found = waves_of(policy, everyone)

    assert sorted(name for wave in found for name in wave.tenants) == sorted(
        tenant.name for tenant in everyone
    )
    assert all(wave.tenants for wave in found)
    assert [bool(wave.bake) for wave in found] == [True] * (len(found) - 1) + [False] * bool(found)
    assert found == waves_of(policy, everyone[::-1])


BOTH = """\
[services.backend]
waves = ["ring:canary", "25%", "rest"]
bake = ["10m", "2h", "5m"]
failure_limit = 3
on_failure = "leave"
on_push = true
supersede = true

[services.web]
waves = ["50%", "rest"]
bake = ["30m", "1h"]
failure_limit = "10%"
approve_above = 20
on_failure = "leave"
on_push = true
deployments = true
supersede = false

[services.auth]
"""


def test_services_that_go_together_go_as_carefully_as_any_of_them() -> None:
    both = policy_of(read_policy(BOTH), ["web", "backend"])

    assert [portion.text for portion in both.waves] == ["ring:canary", "25%", "rest"]
    assert both.pause_of_each == (timedelta(hours=1), timedelta(hours=2), timedelta(hours=1))
    assert both.failure_limits == (Amount(10, is_share=True), Amount(3))
    assert both.approve_above == 20
    assert both.on_failure is OnFailure.LEAVE
    assert (both.on_push, both.deployments, both.supersede) == (True, True, False)


def test_one_service_that_rolls_back_rolls_all_of_them_back() -> None:
    every = policy_of(read_policy(BOTH), ["auth", "backend", "web"])

    assert every.on_failure is OnFailure.ROLL_BACK
    assert every.on_push is False


def test_of_as_many_waves_those_that_pause_longest_are_taken() -> None:
    quick = rollout('waves = ["1", "rest"]', 'bake = ["10m", "30m"]')
    slow = rollout('waves = ["50%", "rest"]', 'bake = ["1h", "1m"]')

    for policy in (combined([quick, slow]), combined([slow, quick])):
        assert policy.waves == slow.waves
        assert policy.pauses == (timedelta(hours=1), timedelta(minutes=30))


def test_one_policy_and_none_are_left_as_they_are() -> None:
    policy = rollout('waves = ["10", "rest"]', 'bake = "5m"', "failure_limit = 1")

    assert combined([]) == RolloutPolicy()
    assert waves_of(combined([policy]), AGENCY) == waves_of(policy, AGENCY)
    assert combined([policy, policy]) == combined([policy])
