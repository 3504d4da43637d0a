"""Slack's mrkdwn as HTML (api.slack.com/reference/surfaces/formatting)."""

import re
from collections.abc import Callable
from html import escape

from markupsafe import Markup

from bot.simulated.slack.pages.emoji import face, split_at_faces

NameOf = Callable[[str], str]
"""Says what a member or a channel is called, by its id."""

_BLOCK = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_SPECIAL = re.compile(r"`([^`\n]+)`|<([^<>\n]+)>|(https?://[^\s<>|]+[^\s<>|.,;:!?)'\"])")
_STYLES = [
    (re.compile(rf"(?<![\w{mark}]){mark}(?=\S)([^\n]+?)(?<=\S){mark}(?![\w{mark}])"), tag)
    for mark, tag in ((r"\*", "b"), ("_", "i"), ("~", "s"))
]
_KEPT = re.compile("\ue000(\\d+)\ue001")
_QUOTE = re.compile(r"(?:>|&gt;) ?")
_ITEM = re.compile(r"(\s*)(•|-|\d+\.) +(?=\S)")
_HARMLESS = ("http://", "https://", "mailto:")


def plain(text: str) -> Markup:
    """Return text without any formatting but emoji and line breaks."""
    return Markup(_shown(text).replace("\n", "<br>"))  # noqa: S704 - what it shows is escaped


def mrkdwn(text: str, name_of: NameOf) -> Markup:
    """Return formatted text; nothing in it becomes HTML but Slack's own marks."""
    parts = _BLOCK.split(text)
    html = [
        f"<pre>{_literal(part)}</pre>" if number % 2 else _lines(part.strip("\n"), name_of)
        for number, part in enumerate(parts)
    ]
    return Markup("".join(html))  # noqa: S704 - each part is escaped


def _literal(text: str) -> str:
    """Return text as it is to be seen: three characters come escaped, and no others."""
    for code, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(code, character)
    return escape(text, quote=False)


def _shown(text: str) -> str:
    """Return text with its emoji."""
    pieces = split_at_faces(text)
    return "".join(
        face(piece) if number % 2 else _literal(piece) for number, piece in enumerate(pieces)
    )


def _lines(text: str, name_of: NameOf) -> str:
    if not text:
        return ""
    html: list[str] = []
    quoted: list[str] = []
    for line in [*text.split("\n"), None]:
        quote = _QUOTE.match(line) if line is not None else None
        if line is not None and quote:
            quoted.append(_line(line[quote.end() :], name_of))
            continue
        if quoted:
            html.append(f"<blockquote>{''.join(quoted)}</blockquote>")
            quoted.clear()
        if line is not None:
            html.append(_line(line, name_of))
    return "".join(html)


def _line(line: str, name_of: NameOf) -> str:
    """Return one line; one that begins as an item is set as one, for Slack has no lists."""
    if item := _ITEM.match(line):
        rest = _inline(line[item.end() :], name_of)
        return f'<div class="item"><span>{escape(item.group(2))}</span><div>{rest}</div></div>'
    return f'<div class="line">{_inline(line, name_of)}</div>'


def _inline(line: str, name_of: NameOf) -> str:
    """Return formatted text; what no mark may reach into is kept apart meanwhile."""
    kept: list[str] = []

    def keep(html: str) -> str:
        kept.append(html)
        return f"\ue000{len(kept) - 1}\ue001"

    def special(found: re.Match[str]) -> str:
        code, entity, address = found.groups()
        if code is not None:
            return keep(f"<code>{_literal(code)}</code>")
        return keep(_entity(entity, name_of) if entity is not None else _link(address, address))

    pieces = split_at_faces(_SPECIAL.sub(special, line))
    html = "".join(
        keep(face(piece)) if number % 2 else _literal(piece) for number, piece in enumerate(pieces)
    )
    for style, tag in _STYLES:
        html = style.sub(rf"<{tag}>\1</{tag}>", html)
    return _KEPT.sub(lambda number: kept[int(number.group(1))], html)


def _entity(entity: str, name_of: NameOf) -> str:
    """Return what stands between angle brackets: a link, somebody's name, a call to all."""
    target, _, label = entity.partition("|")
    if target.startswith("@"):
        return _called("@" + (label or name_of(target[1:])))
    if target.startswith("#"):
        return _called("#" + (label or name_of(target[1:])))
    if target.startswith("!date^"):
        return _shown(label)
    if target.startswith("!"):
        return _called(label or "@" + target[1:], "mention all")
    return _link(target, label or target)


def _called(name: str, kind: str = "mention") -> str:
    return f'<span class="{kind}">{_shown(name)}</span>'


def _link(address: str, label: str) -> str:
    if not address.startswith(_HARMLESS):
        return _shown(label)
    return f'<a href="{escape(address.replace("&amp;", "&"))}">{_shown(label)}</a>'
