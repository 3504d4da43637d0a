"""From an alert to what each target says of it: the same for whatever it is about."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, select

from bot.alerts.routing import Address, Matter, Reachable, addresses
from bot.alerts.targets import Post, ReplyWords, RootWords, SlackMessage, SlackReply
from bot.channels.message import Message, SlackWords
from bot.outbox.announcement import Announcement
from bot.outbox.rendering import Rendered
from bot.outbox.targets import Check
from bot.report.alert import MOST_DETAILS, Alert, Detail, Verdict, as_json, plain_text
from bot.report.slack import blocks, detail_blocks, detail_text, notification
from bot.rollouts.policy.watching import Route
from bot.store.tables import Notice

OTHERS = "~others"
"""The one reply that counts those for whom there is none of their own."""

CALL = "~call"
"""The one reply that calls somebody whom the message did not."""

NOTHING = Rendered(None)

LEAST_REST, REST_FOR_EACH = timedelta(seconds=5), timedelta(milliseconds=10)
"""How long progress is left alone after channels were told of it, and for each tenant of it."""


@dataclass(frozen=True)
class Found:
    """What there is to alert of, whom that concerns, and by which routes it goes.

    `details` are what is told apart, also of what an alert has no room for. `ended`: nothing will
    change by itself. It is about so many tenants in all as `size` says. `source` is what channels
    are told of, where it is another than was announced. What they do not take is said in the check
    `told_by`.
    """

    alert: Alert
    matter: Matter
    routes: tuple[Route, ...] = ()
    details: tuple[Detail, ...] = ()
    ended: bool = True
    size: int = 1
    source: str | None = None
    told_by: Check | None = None


@dataclass(frozen=True)
class Routed:
    """What is marked: the channels that an alert goes to, of a source."""

    source: str
    alert: Alert
    to: tuple[Address, ...]
    replies: tuple[str, ...] = ()
    told_by: Check | None = field(default=None)


def accounts_told(session: Session, source: str, subject: str) -> set[str]:
    """Answer the accounts in which there is something of a subject to be said, or was."""
    chosen = select(Notice.account, Notice.target).where(
        col(Notice.source) == source, col(Notice.kind) != Announcement.kind
    )
    return {account for account, target in session.exec(chosen) if target["subject"] == subject}


def rendered(
    session: Session, source: str, found: Found, target: Any, reachable: Reachable
) -> Rendered:
    """Render what a target says of what was found."""
    match target:
        case Announcement():
            return _announced(session, source, found, reachable)
        case SlackMessage():
            return _message(found, target)
        case SlackReply():
            return _reply(session, found, target)
        case _:
            return _post(found, target)


def words_for_slack(alert: Alert) -> SlackWords:
    """Write an alert for Slack."""
    return SlackWords(notification(alert), blocks(alert))


def message(alert: Alert) -> Message:
    """Write an alert for any channel."""
    return Message(alert.heading, plain_text(alert), words_for_slack(alert), as_json(alert))


def _announced(session: Session, source: str, found: Found, reachable: Reachable) -> Rendered:
    alert = found.alert
    told = accounts_told(session, source, alert.subject)
    if not alert.verdict.is_wrong and not told:
        return Rendered(None, found.ended)
    routed = addresses(found.matter, found.routes, reachable) if alert.verdict.is_wrong else ()
    known = {address.account for address in routed}
    others = (Address(*account.split("/", 1)) for account in sorted(told - known))
    to = (*routed, *(each for each in others if each.way in reachable.ways))
    replies = [detail.name for detail in found.details[:MOST_DETAILS]]
    if len(found.details) > MOST_DETAILS:
        replies.append(OTHERS)
    words = Routed(source, alert, to, tuple(replies), found.told_by) if to else None
    return Rendered(words, found.ended, max(LEAST_REST, REST_FOR_EACH * found.size))


def _message(found: Found, target: SlackMessage) -> Rendered:
    alert = found.alert
    if alert.subject != target.subject:
        return NOTHING
    return Rendered(RootWords(words_for_slack(alert), alert.verdict.is_wrong), found.ended)


def _reply(session: Session, found: Found, target: SlackReply) -> Rendered:
    root = session.get(Notice, target.root)
    words = _words_of_reply(found, target.of)
    if words is None or found.alert.subject != target.subject:
        return NOTHING
    if root is None or root.given_up:
        return NOTHING
    # Where the message above it is not there yet, it waits for the next sweep.
    return Rendered(ReplyWords(root.number, words) if root.number else None, bool(root.number))


def _words_of_reply(found: Found, of: str) -> SlackWords | None:
    if of == CALL:
        words = words_for_slack(found.alert)
        return SlackWords(words.text, words.blocks[:1])
    if of == OTHERS:
        left = found.details[MOST_DETAILS:]
        if not left:
            return None
        names = ", ".join(detail.name for detail in left[:100])
        more = f" and {len(left) - 100} more" if len(left) > 100 else ""
        detail = Detail(f"{len(left)} others", f"{names}{more}")
    else:
        known = (each for each in found.details if each.name == of)
        one = next(known, None)
        if one is None:
            return None
        detail = one
    return SlackWords(detail_text(detail), detail_blocks(detail))


def _post(found: Found, target: Post) -> Rendered:
    alert = found.alert
    if alert.subject != target.subject or occasion_of(alert) != target.said:
        return NOTHING
    return Rendered(message(alert))


def occasion_of(alert: Alert) -> str:
    """Answer what tells one post of a subject from another."""
    return f"{alert.verdict}-{alert.occasion}" if alert.occasion else str(alert.verdict)


def is_posted(alert: Alert) -> bool:
    """Answer whether a channel where nothing can be changed hears of it as it stands."""
    return alert.verdict not in {Verdict.RETRYING, Verdict.ACKNOWLEDGED, Verdict.IGNORED}
