"""What an alert answers, and the same in plain text for mail and as JSON for a webhook.

The eight questions: what failed, for whom, since which change, by whom, whether it is still
spreading, what was done by itself, what to type now, where to look.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from bot.report.harmless import cleaned, one_line

VERSION = 1
"""Of the JSON: it rises when something that is there goes, or means something else."""

MOST_DETAILS = 20
LONGEST_LINE = 600
LONGEST_MAIL = 40_000
LONGEST_TAIL = 2_400


class Verdict(StrEnum):
    """How what is alerted of stands."""

    FAILING = "failing"
    FAILED = "failed"
    RETRYING = "retrying"
    RECOVERED = "recovered"
    ROLLED_BACK = "rolled-back"
    CANCELLED = "cancelled"
    HELD = "held"
    DRIFTING = "drifting"
    ACKNOWLEDGED = "acknowledged"
    IGNORED = "ignored"
    RESOLVED = "resolved"
    UNABLE = "unable"
    ABLE = "able"
    BUG = "bug"

    @property
    def is_wrong(self) -> bool:
        """Whether somebody should hear of it who has heard nothing yet."""
        return self in _WRONG


_WRONG = {Verdict.FAILING, Verdict.FAILED, Verdict.DRIFTING, Verdict.UNABLE, Verdict.BUG}
MARKS = {
    Verdict.FAILING: "❌",
    Verdict.FAILED: "❌",
    Verdict.RETRYING: "🔄",
    Verdict.RECOVERED: "✅",
    Verdict.ROLLED_BACK: "↩️",
    Verdict.CANCELLED: "🚫",
    Verdict.HELD: "⏸️",
    Verdict.DRIFTING: "⚠️",
    Verdict.ACKNOWLEDGED: "👀",
    Verdict.IGNORED: "🔕",
    Verdict.RESOLVED: "✅",
    Verdict.UNABLE: "⚠️",
    Verdict.ABLE: "✅",
    Verdict.BUG: "🐞",
}


@dataclass(frozen=True)
class Link:
    """A place to look at; only those of GitHub are shown."""

    title: str
    url: str


@dataclass(frozen=True)
class Detail:
    """What is told of one tenant apart, with the last lines that a step printed."""

    name: str
    text: str
    tail: str = ""


@dataclass(frozen=True)
class Alert:
    """One matter as it stands, in plain words; what others wrote in it is made harmless later.

    `occasion` tells one time that it came to this verdict from another. `commands` are typed at
    the first of the `links`. `host` is that of GitHub's pages: links elsewhere are left out.
    """

    subject: str
    about: str
    verdict: Verdict
    severity: str
    title: str
    occasion: str = ""
    what: str = ""
    tenants: tuple[str, ...] = ()
    since: str = ""
    by: str = ""
    spreading: str = ""
    done: str = ""
    commands: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    details: tuple[Detail, ...] = ()
    host: str = "github.com"

    @property
    def heading(self) -> str:
        """The verdict, and what it is about, in a line."""
        return f"{MARKS[self.verdict]} {_line(self.title)}"

    @property
    def whom(self) -> str:
        """Whom it is about, the first ten of them by name."""
        named = [_line(name, 80) for name in self.tenants[:10]]
        more = len(self.tenants) - len(named)
        return ", ".join(named) + (f" and {more} more" if more > 0 else "")

    @property
    def places(self) -> tuple[Link, ...]:
        """Where to look: what leads to GitHub, and nowhere else."""
        return tuple(link for link in self.links if _leads_to(self.host, link.url))

    def answers(self) -> Iterator[tuple[str, str]]:
        """Answer the questions that there is an answer to, each in a line."""
        where = f"on {self.places[0].title}: " if self.places and self.commands else ""
        for question, answer in (
            ("What", self.what),
            ("For whom", self.whom),
            ("Since", self.since),
            ("By", self.by),
            ("Still spreading", self.spreading),
            ("Done by itself", self.done),
            ("Type now", where + " or ".join(self.commands[:5])),
        ):
            if answer:
                yield question, _line(answer)


def plain_text(alert: Alert) -> str:
    """Write an alert as plain text, the details at the end."""
    lines = [f"{question}: {answer}" for question, answer in alert.answers()]
    lines += [f"Look at: {link.url}" for link in alert.places[:5]]
    parts = [alert.heading, "\n".join(lines)]
    for detail in alert.details[:MOST_DETAILS]:
        tail = cleaned(detail.tail).strip("\n")[-LONGEST_TAIL:]
        indented = "".join(f"\n    {line}" for line in tail.split("\n")) if tail else ""
        parts.append(f"{_line(detail.name, 80)}: {_line(detail.text)}{indented}")
    return "\n\n".join(part for part in parts if part)[:LONGEST_MAIL] + "\n"


def as_json(alert: Alert) -> dict[str, Any]:
    """Write an alert as JSON, in the shape that the documentation describes."""
    return {
        "version": VERSION,
        "subject": alert.subject,
        "about": alert.about,
        "verdict": str(alert.verdict),
        "severity": alert.severity,
        "title": _line(alert.title),
        "what": _line(alert.what),
        "tenants": [_line(name, 80) for name in alert.tenants],
        "since": _line(alert.since),
        "by": _line(alert.by),
        "still_spreading": _line(alert.spreading),
        "done_by_itself": _line(alert.done),
        "commands": list(alert.commands),
        "links": [{"title": _line(link.title, 80), "url": link.url} for link in alert.places],
        "details": [
            {
                "name": _line(detail.name, 80),
                "text": _line(detail.text),
                "tail": cleaned(detail.tail)[-LONGEST_TAIL:],
            }
            for detail in alert.details[:MOST_DETAILS]
        ],
    }


def _line(text: str, most: int = LONGEST_LINE) -> str:
    line = one_line(text)
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _leads_to(host: str, url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and not set(url) & set("<>|\"' `\\")
    return plain and parts.scheme == "https" and parts.netloc == host and len(url) < 1000
