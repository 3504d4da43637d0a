"""How a line is split into words: as in a shell, and as on a phone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands.words import Word, quoted, words_of
from bot.report.harmless import one_line
from resources.errors import Refused
from tests.report.rollouts import ANY_TEXT


def texts(line: str) -> list[str]:
    return [word.text for word in words_of(line)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("  a \t b\u00a0c ", ["a", "b", "c"]),
        ('"a b" c', ["a b", "c"]),
        ("'a \"b\"' c", ['a "b"', "c"]),
        ('a" "b', ["a b"]),
        ("''", [""]),
        (r"a\ b \"", ["a b", '"']),
        (r'"a \"b\" \\ \n"', [r'a "b" \ \n']),
        (r"'a\'", ["a\\"]),
        ("--reason='a b'", ["--reason=a b"]),
        ("\u201ca b\u201d c", ["a b", "c"]),
        ("--reason=\u201ca b\u201d", ["--reason=a b"]),
        ("\u2018a b\u2019 c", ["a b", "c"]),
        ("\u201eDeutsch genug\u201c", ["Deutsch genug"]),
        ('"mixed here\u201d c', ["mixed here", "c"]),
        ('\u201cmixed here" c', ["mixed here", "c"]),
        ("\u2018it\u2019s fine\u2019", ["it\u2019s fine"]),
        ("\u201cit\u2019s fine\u201d", ["it\u2019s fine"]),
        ("it\u2019s", ["it\u2019s"]),
        ("\u201csaid \u201cx\u201dy\u201d", ["said \u201cx\u201dy"]),
    ],
)
def test_a_line_is_split(line: str, expected: list[str]) -> None:
    assert texts(line) == expected


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "hold it's",
            (
                "The quote that opens in `it's` is not closed. Close it, or put a backslash before "
                "it where it is an apostrophe."
            ),
        ),
        (
            "\u201ca b",
            (
                "The quote that opens in `\u201ca b` is not closed. Close it, or put a backslash "
                "before it where it is an apostrophe."
            ),
        ),
        ("a \\", "Nothing follows the backslash at the end of the line. Take it away."),
        (
            "x" * 257,
            (
                f"`{'x' * 59}…` is longer than the 256 characters that one word may have. Say it "
                "shorter."
            ),
        ),
    ],
)
def test_what_cannot_be_split_is_refused(line: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        words_of(line)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("--dry-run", ("dry-run", None)),
        ("--Until=3D", ("until", "3D")),
        ("\u2014dry-run", ("dry-run", None)),
        ("\u2013dry\u2011run", ("dry-run", None)),
        ("-\u2013reason=a-\u2014b", ("reason", "a-\u2014b")),
        ("--reason='--x y'", ("reason", "--x y")),
    ],
)
def test_what_begins_with_two_hyphens_is_an_option(line: str, option: tuple[str, str]) -> None:
    (word,) = words_of(line)
    assert word.is_option
    assert word.as_option() == option


@pytest.mark.parametrize("line", ["-a", "a--b", "'--a'", r"\--a", "\u2011a", "!a"])
def test_what_else_begins_with_a_hyphen_is_none(line: str) -> None:
    (word,) = words_of(line)
    assert not word.is_option


@settings(deadline=None)
@given(ANY_TEXT.map(one_line).filter(lambda text: len(text) <= 256))
def test_a_quoted_text_is_one_word_again(text: str) -> None:
    assert texts(f"a {quoted(text)} b") == ["a", text, "b"]
    assert not words_of(quoted(text))[0].is_option


@settings(deadline=None)
@given(ANY_TEXT | st.text("ab \"'\\\u201c\u201d\u2018\u2019=-\u2014", max_size=30))
def test_any_line_is_split_or_refused(line: str) -> None:
    try:
        words = words_of(line)
    except Refused:
        return
    assert all(isinstance(word, Word) for word in words)
