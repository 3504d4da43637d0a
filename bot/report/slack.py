"""An alert in Slack's own way: blocks within their limits, in which nobody but us calls anybody.

https://docs.slack.dev/reference/block-kit/blocks
https://docs.slack.dev/messaging/formatting-message-text#escaping
"""

import re
from typing import Any

from bot.report.alert import LONGEST_TAIL, Alert, Detail
from bot.report.harmless import cleaned, one_line

HEADER, SECTION, FIELD = 150, 3_000, 2_000
LONGEST_TEXT = 3_900
"""Characters of the text that notifications show; `chat.update` takes 4,000."""

LONGEST_FIELD = 700
_SHORT = {"For whom", "Since", "By", "Still spreading"}
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKS = re.compile("[&<>]")
_CALLS = re.compile(r"@(?=\w)|:(?=//)|\bwww(?=\.)|(?<!\w)#(?=[A-Za-z])", re.IGNORECASE)
_UNSEEN = "\u200b"
"""A space of no width: Slack makes links of what looks like an address."""

Block = dict[str, Any]


def harmless(text: str, most: int) -> str:
    """Make one line of at most `most` characters that links nowhere and calls nobody."""
    line = one_line(text)
    whole = _escaped(line)
    while len(whole) > most:
        line = line[: min(len(line) - 1, len(line) * most // len(whole))]
        whole = _escaped(line) + "…"
    return whole


def notification(alert: Alert) -> str:
    """Write what notifications show of an alert."""
    return harmless(alert.heading, LONGEST_TEXT)


def blocks(alert: Alert) -> tuple[Block, ...]:
    """Write an alert as blocks, the heading first."""
    title = alert.heading
    if len(title) > HEADER:
        title = f"{title[: HEADER - 1]}…"
    found: list[Block] = [{"type": "header", "text": {"type": "plain_text", "text": title}}]
    answers = dict(alert.answers())
    fields = [
        _mrkdwn(f"*{question}*\n{harmless(answer, LONGEST_FIELD)}")
        for question, answer in answers.items()
        if question in _SHORT
    ]
    for question, answer in answers.items():
        if question == "What":
            found.append(_section(f"*{question}*\n{harmless(answer, 1_500)}"))
    if fields:
        found.append({"type": "section", "fields": fields})
    for question, answer in answers.items():
        if question not in _SHORT | {"What"}:
            found.append(_section(f"*{question}*\n{harmless(answer, 1_500)}"))
    links = [
        f"<{link.url.replace('&', '&amp;')}|{harmless(link.title, 80)}>"
        for link in alert.places[:5]
    ]
    if links:
        found.append({"type": "context", "elements": [_mrkdwn(f"Look at {' · '.join(links)}")]})
    return tuple(found)


def detail_blocks(detail: Detail) -> tuple[Block, ...]:
    """Write one detail as blocks, the end of what was printed in a box of code."""
    name, text = harmless(detail.name, 80), harmless(detail.text, 1_200)
    found = [_section(f"*{name}*: {text}")]
    if code := _code(detail.tail):
        found.append(_section(code))
    return tuple(found)


def detail_text(detail: Detail) -> str:
    """Write what notifications show of a detail."""
    return harmless(f"{detail.name}: {detail.text}", LONGEST_TEXT)


def called(mention: str) -> str:
    """Answer how somebody is called: `here`, `channel`, or the id of a person or a group."""
    if mention in {"here", "channel"}:
        return f"<!{mention}>"
    return f"<!subteam^{mention}>" if mention.startswith("S") else f"<@{mention}>"


def _code(tail: str) -> str:
    text = cleaned(tail).replace("```", "'''").strip("\n")[-LONGEST_TAIL:]
    if not text.strip():
        return ""
    whole = _entities(text)
    while len(whole) > SECTION - 20:
        text = text[len(text) // 10 + 1 :]
        whole = _entities(text)
    return f"```\n{whole}\n```"


def _escaped(line: str) -> str:
    return _CALLS.sub(lambda found: f"{found[0]}{_UNSEEN}", _entities(line))


def _entities(text: str) -> str:
    return _MARKS.sub(lambda found: _ENTITIES[found[0]], text)


def _mrkdwn(text: str) -> Block:
    # Verbatim: Slack makes no links of its own in it.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}
