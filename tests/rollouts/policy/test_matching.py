"""Whom the selectors of a policy reach: as in a command, but without its strictness."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rollouts.affected import TenantFacts
from bot.rollouts.policy.matching import reached
from bot.rollouts.selectors import parse_selector, select
from resources.errors import Refused
from tests.rollouts.policy.policies import tenant

AGENCY = [
    tenant("umbrella", "production", "retail"),
    tenant("acme", "canary", "Bank", "retail"),
    tenant("globex", "canary"),
]
WORDS = ["all", "acme", "ACME", "g*", "tag:bank", "tag:re*", "ring:canary", "ring:*", "nobody"]


def names(text: str, everyone: list[TenantFacts]) -> tuple[str, ...]:
    return tuple(one.name for one in reached(parse_selector(text), everyone))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tag:bank tag:insurer", ("acme",)),
        ("globex initech", ("globex",)),
        ("ring:canary !initech", ("acme", "globex")),
        ("ring:canary tag:insurer", ()),
        ("!ring:canary", ("umbrella",)),
    ],
)
def test_a_word_that_fits_nobody_is_no_mistake(text: str, found: tuple[str, ...]) -> None:
    assert names(text, AGENCY) == found


def test_without_a_selector_everyone_is_meant() -> None:
    assert reached(None, AGENCY) == tuple(AGENCY)


@given(
    words=st.lists(st.sampled_from(WORDS + [f"!{word}" for word in WORDS]), min_size=1, max_size=5),
    everyone=st.lists(st.sampled_from(AGENCY), unique=True),
)
def test_whom_a_command_would_reach_the_policy_reaches(
    words: list[str], everyone: list[TenantFacts]
) -> None:
    try:
        chosen = select(parse_selector(" ".join(words)), everyone)
    except Refused:
        return
    assert names(" ".join(words), everyone) == chosen
