"""What may be said of a tenant: names that selectors can name, and secrets that are references."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue, TypeAdapter, ValidationError

from bot.rollouts.affected import TenantFacts
from bot.rollouts.policy.findings import findings
from bot.rollouts.profiles.fields import Grounds
from bot.rollouts.profiles.profile import Profile
from bot.rollouts.profiles.variables import is_reference, references_in, shown
from bot.rollouts.selectors import parse_selector, select
from resources.secrets import Secret

GROUNDS = Grounds(lambda: ("backend", "site"))
SECRET = "is a plain value under the name of a secret."


def wrong(raw: dict[str, Any], grounds: Grounds = GROUNDS) -> list[str]:
    """Answer what is wrong with what is said, each with the key that it is about."""
    try:
        Profile.model_validate(raw, context=grounds)
    except ValidationError as refused:
        found = findings(refused, raw, lambda _: "is unknown.")
        return [f"{'.'.join(map(str, path))} {words}" for path, words in found]
    return []


def test_what_is_said_is_put_in_order() -> None:
    raw = {"ring": "Early", "tags": ["vip", "EU", "eu"], "services": ["site", "backend", "site"]}
    profile = Profile.model_validate(raw, context=GROUNDS)

    assert (profile.ring, profile.tags) == ("early", ("eu", "vip"))
    assert profile.services == ("backend", "site")


@pytest.mark.parametrize("label", ["vip", "env:eu", "a/b", "1", "_x", "größe", "a=b", "x" * 256])
def test_a_label_that_a_selector_can_name_is_taken(label: str) -> None:
    assert wrong({"ring": label, "tags": [label]}) == []


@pytest.mark.parametrize(
    "label", ["", " ", "a b", "a,b", "*", "vip?", "!a", "-a", "x" * 257, "a\n"]
)
def test_a_label_that_no_selector_could_name_is_refused(label: str) -> None:
    ring, tag = wrong({"ring": label, "tags": [label]})

    assert "which no selector could name" in ring
    assert "which no selector could name" in tag


@settings(deadline=None)
@given(label=st.text(max_size=12) | st.from_regex(r"\A[\w.:=/+*?! ,-]{1,8}\Z"))
def test_whatever_label_is_taken_means_its_tenant_alone(label: str) -> None:
    raw = {"ring": label, "tags": [label]}
    if wrong(raw):
        return
    one = Profile.model_validate(raw, context=GROUNDS).facts("acme")
    other = TenantFacts("globex", frozenset({"another tag"}), ring="another ring")

    assert select(parse_selector(f"tag:{label}"), [one, other]) == ("acme",)
    assert select(parse_selector(f"ring:{label}"), [one, other]) == ("acme",)


@pytest.mark.parametrize("branch", ["next", "release/2.0", "a-b_c", "größe", "@x", "x" * 200])
def test_a_branch_that_git_allows_is_taken(branch: str) -> None:
    assert wrong({"branches": {"backend": branch}}) == []


@pytest.mark.parametrize(
    "branch",
    [
        *("", " ", "a b", "a..b", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "-a", "/a", "a/"),
        *("a//b", ".a", "a/.b", "a.", "a.lock", "a.lock/b", "a@{b", "@", "a\x7f", "a\u202eb"),
        "x" * 201,
    ],
)
def test_a_branch_that_git_does_not_allow_is_refused(branch: str) -> None:
    (problem,) = wrong({"branches": {"backend": branch}})
    assert problem.endswith("which is no name that git allows for a branch.")


def test_nobody_tracks_a_branch_of_what_it_does_not_use() -> None:
    assert wrong({"services": ["site"], "branches": {"backend": "next"}}) == [
        "branches.backend is for a service that is not among its `services`."
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("password", each) for each in ("x", 7, ["x"], {"a": "x"}, "env:", "https://u:p@host")),
        *((name, "x") for name in ("DB_PASSWORD", "dbPassword", "api_key", "apiKey", "APIKey")),
        *((name, "x") for name in ("accesstoken", "tokens", "client_secret", "pwd", "credentials")),
        ("database", {"host": "x", "users": [{"password": "x"}]}),
    ],
)
def test_a_plain_value_under_the_name_of_a_secret_is_refused(name: str, value: object) -> None:
    (problem,) = wrong({"variables": {name: value}})

    assert SECRET in problem
    assert wrong({"variables": {name: value}}, Grounds(lambda: (), plain=(name,))) == []
    assert wrong({"variables": {name: value}}, Grounds(lambda: (), plain=("other",))) == [problem]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("password", each) for each in ("env:DB_PASSWORD", "file:/run/secrets/db", "", None)),
        *((name, "x") for name in ("keyboard", "monkey", "passenger", "public_key", "tokenizer")),
        ("rotate_keys", True),
        ("database", {"host": "x", "password": "env:DB_PASSWORD"}),
    ],
)
def test_a_reference_and_what_is_no_secret_are_taken(name: str, value: object) -> None:
    assert wrong({"variables": {name: value}}) == []


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (float("nan"), "variables.size is no number that JSON has."),
        (2**63, "variables.size is a number of too many digits: write it in quotes."),
        ("a\x00", "variables.size holds characters that cannot be stored."),
        ({"\ud800": 1}, "variables.size.\ud800 holds characters that cannot be stored."),
        ("x" * 70_000, "variables are larger than 65,536 bytes as JSON."),
    ],
)
def test_what_could_not_be_stored_is_refused(value: object, problem: str) -> None:
    assert wrong({"variables": {"size": value}}) == [problem]


def test_what_lies_too_deep_is_refused() -> None:
    value: object = 1
    for _ in range(5_000):
        value = [value]
    (problem,) = wrong({"variables": {"deep": value}})
    assert problem.endswith("lies too deep in lists or tables.")


@settings(deadline=None)
@given(text=st.text(max_size=30) | st.from_regex(r"\A(env|file|vault):/?[A-Z_ /\n]{0,9}\Z"))
def test_whatever_counts_as_a_reference_can_be_used_as_one(text: str) -> None:
    if is_reference(text):
        assert TypeAdapter(Secret).validate_python(text).reference == text


def test_references_are_shown_as_such_and_what_may_be_a_secret_is_not() -> None:
    variables: dict[str, JsonValue] = {
        "region": "eu-west-1",
        "replicas": 3,
        "text": "a\nb\u202e",
        "password": "env:DB_PASSWORD",
        "api_key": "t0ps3cret",
        "database": {"host": "x", "password": "t0ps3cret", "token": "file:/run/t"},
        "long": "x" * 100,
    }

    assert [shown(*each) for each in variables.items()] == [
        "region=eu-west-1",
        "replicas:=3",
        'text:="a\\nb\\u202e"',
        "password from env:DB_PASSWORD",
        "api_key=[not shown]",
        'database:={"host": "x", "password": "[not shown]", "token": "file:/ru…',
        f"long={'x' * 59}…",
    ]
    assert references_in(variables) == ["password", "database"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(name=st.text(max_size=9) | st.sampled_from(["token", "a"]), value=JSON)
def test_whatever_is_taken_can_be_stored_and_shown_on_one_line(name: str, value: Any) -> None:
    raw = {"variables": {name: value}}
    if not wrong(raw):
        assert json.loads(json.dumps(value)) == value
        assert shown(name, value).isprintable()
        shown(name, value).encode()
