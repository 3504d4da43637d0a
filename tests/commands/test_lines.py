"""Which lines of a comment are commands, and which only look like it."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.commands.command import Command, Problem
from bot.commands.grammar import commands_in

ANY_LINE = st.sampled_from(
    [
        "/orbits deploy",
        "  /orbits plan",
        "/Orbits rollback all",
        "    /orbits deploy",
        "see /orbits deploy",
        "",
        "text",
        "text \\",
        "it`s `code` \\`",
        "a <!-- b",
        "--> c",
        "<!--",
        "-->",
        "<div>",
        "<pre>",
        "</pre>",
        "```",
        "   ````",
        "    ```",
        "``` a`b",
        "~~~ sh",
        "~~~~",
        "- a",
        "- ```",
        "  ```",
        "1. ~~~",
        "   ~~~",
        "- > q",
        "> q",
        "> ```",
        ">",
        "# h",
        "===",
        "---",
        "[a]: b",
        "`",
        "``",
    ]
)
ANY_BODY = st.lists(ANY_LINE, max_size=12).map("\n".join) | st.text(max_size=80)


def lines(body: str) -> list[str]:
    return [each.line() for each in commands_in(body) if isinstance(each, Command)]


@pytest.mark.parametrize(
    "body",
    [
        "/orbits deploy",
        "   /orbits deploy",
        "/Orbits DEPLOY",
        "/orbits\tdeploy ",
        "Looks good.\n/orbits deploy\nThanks!",
        "Looks good.\r\n\r\n/orbits deploy\r\n",
        "one\r/orbits deploy",
        "> quoted\n\n/orbits deploy",
        "- a point\n/orbits deploy",
        "- a point\n  /orbits deploy",
        "```\ncode\n```\n/orbits deploy",
        "- ```\n  code\n\n/orbits deploy",
        "~~~\n```\n~~~\n/orbits deploy",
        "<!-- hidden -->\n/orbits deploy",
        "<details>\n\n/orbits deploy\n\n</details>",
        "it`s fine\n/orbits deploy",
        "a hard break\\\n/orbits deploy",
        "/orbits deploy\n---",
    ],
)
def test_a_line_that_begins_with_it_is_a_command(body: str) -> None:
    assert lines(body) == ["/orbits deploy"]


@pytest.mark.parametrize(
    "body",
    [
        "please type /orbits deploy",
        "`/orbits deploy`",
        "/orbits-bot deploy",
        "/orbitsdeploy",
        "//orbits deploy",
        "\\/orbits deploy",
        "- /orbits deploy",
        "    /orbits deploy",
        "\t/orbits deploy",
        "text\n\n    /orbits deploy",
        "> /orbits deploy",
        "> > /orbits deploy",
        "```\n/orbits deploy\n```",
        "```\n/orbits deploy",
        "````\n```\n/orbits deploy\n````",
        "```\n~~~\n/orbits deploy\n```",
        "```\n``` text\n/orbits deploy\n```",
        "```\n    ```\n/orbits deploy\n```",
        "~~~ sh\n/orbits deploy\n~~~",
        "- ```\n  /orbits deploy\n  ```",
        "10. x\n    ```\n    /orbits deploy\n    ```",
        "- ```\n  code\nout\n  ```\n/orbits deploy\n```",
        "<div>\n```\n\n```\n/orbits deploy\n```",
        "<!--\n/orbits deploy\n-->",
        "<!--\n\n/orbits deploy",
        "a comment <!--\n/orbits deploy\n--> of HTML",
        "<pre>\n\n/orbits deploy\n\n</pre>",
        "`some code\n/orbits deploy\nof several lines`",
    ],
)
def test_what_is_code_or_quoted_or_hidden_is_none(body: str) -> None:
    assert commands_in(body) == ()


def test_a_line_right_below_a_quote_belongs_to_it_and_that_is_said() -> None:
    assert commands_in("> please roll back\n/orbits rollback all") == (
        Problem(
            2,
            "`/orbits rollback all` stands right below a quote, and GitHub shows it as a part of "
            "that quote. Put an empty line between the two.",
        ),
    )


@settings(deadline=None)
@given(ANY_BODY)
def test_no_text_breaks_it(body: str) -> None:
    for each in commands_in(body):
        assert isinstance(each, Command | Problem)


@settings(deadline=None)
@given(ANY_BODY)
def test_without_a_line_that_begins_with_it_there_is_no_command(body: str) -> None:
    kept = [line for line in body.splitlines() if not line.strip().lower().startswith("/orbits")]
    assert commands_in("\n".join(kept)) == ()


@settings(deadline=None)
@given(ANY_BODY, st.sampled_from("`~"))
def test_nothing_in_a_fence_is_a_command(body: str, mark: str) -> None:
    fence = mark * (body.count(mark) + 3)
    assert commands_in(f"text\n{fence}\n{body}\n{fence}\ntext") == ()
    assert commands_in(f"- text\n  {fence}\n{indented(body, '  ')}") == ()


@settings(deadline=None)
@given(ANY_BODY)
def test_nothing_in_a_quote_is_a_command(body: str) -> None:
    assert commands_in(indented(body, "> ")) == ()
    assert commands_in(indented(body, "    ")) == ()


def indented(body: str, mark: str) -> str:
    return "\n".join(mark + line for line in body.replace("\r", "\n").split("\n"))


MARKDOWN = MarkdownIt("commonmark")
for raw in ("html_block", "html_inline"):
    MARKDOWN.add_render_rule(raw, lambda *_: "")


class Shown(HTMLParser):
    """What a reader of a comment sees as its author's own words: no code, no quote, no HTML."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.words = ""
        self._others = 0
        self.feed(MARKDOWN.render(body))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._others += tag in {"code", "pre", "blockquote"}

    def handle_endtag(self, tag: str) -> None:
        self._others -= tag in {"code", "pre", "blockquote"}

    def handle_data(self, data: str) -> None:
        if not self._others:
            self.words += data


@settings(deadline=None, max_examples=500)
@given(st.lists(ANY_LINE, max_size=12))
def test_what_is_obeyed_is_what_a_reader_sees(pieces: list[str]) -> None:
    numbered = [
        f"{piece} t{number}." if "orbits" in piece else piece for number, piece in enumerate(pieces)
    ]
    body = "\n".join(numbered)
    shown = Shown(body).words
    for each in commands_in(body):
        if isinstance(each, Command):
            assert str(each.selector).split()[-1] in shown
