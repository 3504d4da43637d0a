"""Markdown as GitHub shows it: tables, folded details, code; every other HTML is shown as text."""

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

_ALLOWED = {
    "b", "blockquote", "br", "code", "dd", "del", "details", "dl", "dt", "em", "hr", "i", "kbd",
    "li", "ol", "p", "pre", "strong", "sub", "summary", "sup", "table", "tbody", "td", "th",
    "thead", "tr", "ul",
}  # fmt: skip
_COMMENT = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)>")


def rendered(text: str | None) -> Markup:
    """Return Markdown as HTML that can be put into a page."""
    return Markup(_parser().render(text or ""))  # noqa: S704 - only what `_ALLOWED` names is HTML


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "breaks": True, "linkify": False})
    parser.enable(["table", "strikethrough"])
    for kind in ("html_block", "html_inline"):
        parser.add_render_rule(kind, _clean)
    return parser


def _clean(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    del renderer, options, env
    text = _COMMENT.sub("", tokens[index].content)
    parts, end = [], 0
    for tag in _TAG.finditer(text):
        parts += [escape(text[end : tag.start()]), _tag(tag)]
        end = tag.end()
    return "".join([*parts, escape(text[end:])])


def _tag(tag: re.Match[str]) -> str:
    closing, name, attributes = tag.groups()
    if name.lower() not in _ALLOWED:
        return escape(tag.group())
    kept = " open" if re.search(r"\bopen\b", attributes) else ""
    return f"<{closing}{name.lower()}{kept}>"


def diff_lines(patch: str) -> list[tuple[str, str]]:
    """Return the lines of a patch, each with the class that colours it."""
    kinds: dict[Any, str] = {"+": "added", "-": "removed", "@": "hunk"}
    return [(kinds.get(line[:1], "context"), line) for line in patch.splitlines()]
