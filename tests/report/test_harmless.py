"""Text that others wrote, made unable to do anything but be read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.report.harmless import block, plain, words
from tests.report.rollouts import ANY_TEXT, Page


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("backend_api", "backend_api"),
        ("_it_", "&#95;it&#95;"),
        ("a|b", "a&#124;b"),
        ("two\nlines", "two lines"),
        ("@agency/team", "@&#8203;agency/team"),
        ("fixes #12", "fixes #&#8203;12"),
        ("<img>", "&#60;img&#62;"),
        ("\x1b[1mbold\x1b[0m", "bold"),
        ("a\u202eb", "ab"),
    ],
)
def test_plain_text(text: str, safe: str) -> None:
    assert plain(text) == safe


def test_code_stays_code_where_it_is_whole() -> None:
    assert words("`a | b` and `c@d` and `e") == "&#96;a &#124; b&#96; and `c@d` and &#96;e"


@settings(deadline=None)
@given(ANY_TEXT, st.integers(1, 300))
def test_a_line_is_as_long_as_it_may_be(text: str, most: int) -> None:
    assert len(plain(text, most)) <= most
    assert len(words(text, most)) <= most


@settings(deadline=None)
@given(ANY_TEXT.map(lambda text: text * 20), st.integers(100, 2000))
def test_a_block_is_one_block_and_as_long_as_it_may_be(text: str, most: int) -> None:
    made = block(text, most)

    assert len(made) <= most
    page = Page(made)
    assert page.tags == ["pre", "code"]
    assert page.prose.strip() == ""


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["C", "Zs", "Zl", "Zp"]), max_size=50))
def test_a_reader_sees_what_was_written(text: str) -> None:
    shown = Page(f"- x {plain(text, 1000)}").prose
    assert shown.strip().removeprefix("x").replace("\u200b", "").strip() == text
