"""Who is meant by a selector, and what is said where nobody can be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rollouts.affected import TenantFacts
from bot.rollouts.selectors import MOST_WORDS, parse_selector, select, select_services
from resources.errors import Refused

TENANTS = (
    TenantFacts("acme", frozenset({"retail", "vip"}), ring="canary"),
    TenantFacts("globex", frozenset({"retail"}), ring="early"),
    TenantFacts("shop-a", frozenset({"env:eu"}), ring="canary"),
    TenantFacts("shop-b", frozenset({"Big spender"}), ring="all"),
)
SERVICES = ("backend", "site", "sign-in")


def chosen(text: str) -> str:
    return " ".join(select(parse_selector(text), TENANTS))


def services(text: str) -> str:
    return " ".join(select_services(parse_selector(text), SERVICES))


def refusal(text: str, tenants: tuple[TenantFacts, ...] = TENANTS) -> str:
    with pytest.raises(Refused) as refused:
        select(parse_selector(text), tenants)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "tenants"),
    [
        ("acme", "acme"),
        ("ACME", "acme"),
        ("tenant:acme", "acme"),
        ("globex acme", "acme globex"),
        ("globex, acme", "acme globex"),
        ("all", "acme globex shop-a shop-b"),
        ("shop-*", "shop-a shop-b"),
        ("shop-?", "shop-a shop-b"),
        ("tag:retail", "acme globex"),
        ("Tag=Retail", "acme globex"),
        ("tag:vip tag:env:eu", "acme shop-a"),
        ("tag:big?spender", "shop-b"),
        ("ring:canary", "acme shop-a"),
        ("ring:canary tag:retail", "acme"),
        ("ring:canary globex acme", "acme"),
        ("all ring:canary", "acme shop-a"),
        ("all !acme", "globex shop-a shop-b"),
        ("!tag:vip tag:retail", "globex"),
        ("tag:retail !ring:canary !shop-*", "globex"),
        ("!acme", "globex shop-a shop-b"),
        ("ring:all", "shop-b"),
        ("service=backend", "acme globex shop-a shop-b"),
        ("", "acme globex shop-a shop-b"),
    ],
)
def test_a_selector_means_these_tenants(text: str, tenants: str) -> None:
    assert chosen(text) == tenants


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("acme", "backend site sign-in"),
        ("all service=backend", "backend"),
        ("service:s* !service=site", "sign-in"),
        ("!service=backend", "site sign-in"),
    ],
)
def test_services_are_a_matter_of_their_own(text: str, meant: str) -> None:
    assert services(text) == meant


@pytest.mark.parametrize(
    ("text", "names_tenants", "names_services"),
    [
        ("acme", True, False),
        ("all", True, False),
        ("ring:canary service=site", True, True),
        ("!acme", False, False),
        ("service=site", False, True),
        ("!service=site", False, False),
        ("", False, False),
    ],
)
def test_to_leave_out_is_not_to_name(text: str, names_tenants: bool, names_services: bool) -> None:
    selector = parse_selector(text)
    assert (selector.names_tenants, selector.names_services) == (names_tenants, names_services)


def test_who_is_mistyped_is_asked_back() -> None:
    assert refusal("acne tag:retial") == (
        "No tenant is called `acne`. Did you mean `acme`? "
        "There are: `acme`, `globex`, `shop-a` and `shop-b`. "
        "No tag is called `retial`. Did you mean `retail`? "
        "There are: `Big spender`, `env:eu`, `retail` and `vip`."
    )


def test_who_is_mistyped_among_those_left_out_is_asked_back_too() -> None:
    assert refusal("all !globx !xyz") == (
        "No tenant is called `globx` or `xyz`. Did you mean `globex`? "
        "There are: `acme`, `globex`, `shop-a` and `shop-b`."
    )


def test_a_ring_and_a_service_that_do_not_exist_are_refused() -> None:
    assert refusal("ring:canry") == (
        "No ring is called `canry`. Did you mean `canary`? There are: `canary`, `early` and `all`."
    )
    with pytest.raises(Refused) as refused:
        services("service=sight")
    assert str(refused.value) == (
        "No service is called `sight`. Did you mean `site`? "
        "There are: `backend`, `site` and `sign-in`."
    )


def test_many_tenants_are_listed_only_in_part() -> None:
    many = tuple(TenantFacts(f"t{number}") for number in range(54))
    shown = ", ".join(f"`t{number}`" for number in range(20))
    assert refusal("zz*", many) == f"No tenant is called `zz*`. There are: {shown} and 34 more."


def test_words_that_fit_somebody_but_nobody_together_are_refused() -> None:
    assert refusal("ring:early tag:vip") == (
        "`ring:early tag:vip` reaches no tenant: words of one kind add up, kinds narrow each "
        "other, and `!` leaves out. The tenants are: `acme`, `globex`, `shop-a` and `shop-b`."
    )
    with pytest.raises(Refused, match=r"^`!service=s\* !service=backend` leaves no service"):
        services("!service=s* !service=backend")


def test_where_there_are_no_tenants_that_is_said() -> None:
    assert refusal("all", ()) == "There are no tenants yet."
    assert refusal("acme", ()) == "No tenant is called `acme`. There are: none."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "all globex",
            "`all` and `globex` contradict each other: `all` is every tenant. Type one of them.",
        ),
        (
            "-tag:vip",
            (
                "`-tag:vip` is no selector. To leave it out, type `!tag:vip`; an option begins "
                "with two hyphens."
            ),
        ),
        (
            "rings:canary",
            (
                "`rings:canary` is no selector. Did you mean `ring:`? Type a tenant's name, `all`, "
                "`tag:retail`, `ring:canary` or `service=backend`; a `!` before it leaves out."
            ),
        ),
        (
            "a`b|c",
            (
                "`a'b|c` is no selector. Type a tenant's name, `all`, `tag:retail`, `ring:canary` "
                "or `service=backend`; a `!` before it leaves out."
            ),
        ),
        (
            " ".join(["a"] * (MOST_WORDS + 1)),
            (
                "A selector has at most 100 words, and this one has 101: give the tenants a tag, "
                "and type `tag:...`."
            ),
        ),
    ],
)
def test_what_is_no_selector_says_what_would_be(text: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_selector(text)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("text", ["!", "!!a", "tag:", "a=b", "@acme", "a" * 257, "<!--", "a;b"])
def test_half_a_selector_is_none(text: str) -> None:
    with pytest.raises(Refused):
        parse_selector(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("tenant:Acme  ,globex", "acme globex"),
        ("*", "all"),
        ("service:site TAG=x", "service=site tag:x"),
        ("!ring=canary", "!ring:canary"),
        ("tenant:all tenant:to", "tenant:all tenant:to"),
    ],
)
def test_a_selector_is_written_in_one_way(text: str, written: str) -> None:
    assert str(parse_selector(text)) == written


NAMES = st.text("aB1-*?.", min_size=1, max_size=6) | st.sampled_from(["all", "to", "retail"])
WORDS = st.builds(
    "".join, st.tuples(st.sampled_from(["", "!"]), st.sampled_from(["", "tag:", "ring="]), NAMES)
)


@settings(deadline=None)
@given(st.lists(WORDS, max_size=5).map(" ".join) | st.text(max_size=40))
def test_what_is_written_is_read_as_the_same(text: str) -> None:
    try:
        selector = parse_selector(text)
    except Refused:
        return
    assert parse_selector(str(selector)) == selector


@settings(deadline=None)
@given(st.lists(WORDS, max_size=4).map(" ".join))
def test_only_tenants_that_exist_are_ever_chosen_each_once_and_in_order(text: str) -> None:
    names = [tenant.name for tenant in TENANTS]
    try:
        found = select(parse_selector(text), TENANTS)
    except Refused:
        return
    assert found
    assert list(found) == [name for name in names if name in found]


@settings(deadline=None)
@given(st.sampled_from(["all", "acme", "tag:retail", "ring:canary"]), WORDS)
def test_a_word_that_leaves_out_never_brings_anybody_in(text: str, word: str) -> None:
    out = "!" + word.removeprefix("!")
    try:
        narrowed = select(parse_selector(f"{text} {out}"), TENANTS)
    except Refused:
        return
    assert set(narrowed) <= set(select(parse_selector(text), TENANTS))
