"""The order of the services in a stack."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.rollouts.policy.circles import circle_in
from bot.rollouts.policy.order import stages
from bot.rollouts.policy.problems import PolicyRefused
from bot.rollouts.policy.reading import read_policy

STACK = """\
[services.web]
after = ["api"]
[services.api]
after = ["auth", "database"]
[services.auth]
on_push = true
"""


def test_services_go_after_those_that_they_name_and_otherwise_together() -> None:
    policy = read_policy(STACK)

    assert stages(policy, ["web", "database", "auth", "api", "docs"]) == (
        ("auth", "database", "docs"),
        ("api",),
        ("web",),
    )


def test_order_holds_through_a_service_that_stays_as_it_is() -> None:
    policy = read_policy(STACK)

    assert stages(policy, ["web", "auth"]) == (("auth",), ("web",))
    assert stages(policy, ["web", "docs"]) == (("docs", "web"),)
    assert stages(policy, []) == ()


NAMES = st.sampled_from("abcde")


@given(after=st.dictionaries(NAMES, st.sets(NAMES, min_size=1)), going=st.sets(NAMES))
def test_each_service_goes_once_and_after_what_it_names(
    after: dict[str, set[str]], going: set[str]
) -> None:
    text = "\n".join(f"[services.{name}]\nafter = {sorted(them)}" for name, them in after.items())
    try:
        groups = stages(read_policy(text), going)
    except PolicyRefused:
        return
    place = {name: number for number, group in enumerate(groups) for name in group}
    assert sorted(name for group in groups for name in group) == sorted(going)
    for name in going:
        assert all(place[other] < place[name] for other in after.get(name, ()) if other in going)


@given(after=st.dictionaries(NAMES, st.sets(NAMES, min_size=1), min_size=1))
def test_a_circle_is_refused_and_told_as_one_that_is_there(after: dict[str, set[str]]) -> None:
    circle = circle_in({name: sorted(them) for name, them in after.items()})

    assert all(later in after[name] for name, later in pairwise(circle))
    assert circle[:1] == circle[-1:]
    assert bool(circle) == any(name in reachable(name, after) for name in after)


def reachable(name: str, after: dict[str, set[str]]) -> set[str]:
    found = set(after.get(name, ()))
    for _ in after:
        found |= {further for near in found for further in after.get(near, ())}
    return found
