"""What there is, and what was probably meant, in words."""

import pytest
from hypothesis import given, settings

from bot.report.suggestions import closest, in_code, listed
from tests.report.rollouts import ANY_TEXT, Page


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("acme", "`acme`"),
        ("a`b", "`a'b`"),
        ("two\nlines", "`two lines`"),
        ("", '`""`'),
        ("x" * 61, f"`{'x' * 59}…`"),
    ],
)
def test_a_text_is_quoted_as_code(text: str, code: str) -> None:
    assert in_code(text) == code


@settings(deadline=None)
@given(ANY_TEXT)
def test_nothing_in_quoted_text_is_read_as_markdown(text: str) -> None:
    page = Page(f"I know no {in_code(text)}.")
    assert page.tags == ["p", "code"]
    assert page.prose.strip() == "I know no ."


def test_the_first_names_are_listed_and_the_others_counted() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "`a`"
    assert listed(["a", "b", "c"], "or") == "`a`, `b` or `c`"
    assert listed(str(number) for number in range(25)).endswith("`18`, `19` and 5 more")


def test_what_looks_like_it_is_suggested_as_it_is_written() -> None:
    assert closest("ACNE", ["Acme", "globex"]) == "Acme"
    assert closest("xyz", ["Acme", "globex"]) is None
