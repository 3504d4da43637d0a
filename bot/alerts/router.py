"""Marks what each channel should say of an alert: the turn of an announcement."""

from functools import partial

from sqlmodel import Session

from bot.alerts.routing import SLACK, Address
from bot.alerts.targets import Post, SlackMessage, SlackReply
from bot.alerts.told import CALL, Routed, is_posted, occasion_of
from bot.outbox.budget import Rank
from bot.outbox.marking import due
from bot.store.database import Database
from bot.store.tables import Notice


class AlertRouter:
    """Marks them in one transaction; done again, it changes nothing but that they are looked at."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def route(self, words: Routed) -> None:
        """Mark what each channel should say."""
        await self._database.write(partial(mark_channels, words))


def mark_channels(routed: Routed, session: Session) -> None:
    """Mark the notices of all channels of an alert as due."""
    for address in routed.to:
        if address.way == SLACK:
            _mark_slack(session, routed, address)
        elif is_posted(routed.alert):
            said = occasion_of(routed.alert)
            post = Post(address.way, address.to, routed.alert.subject, said)
            due(session, post, routed.source, told_by=routed.told_by)


def _mark_slack(session: Session, routed: Routed, address: Address) -> None:
    subject = routed.alert.subject
    target = SlackMessage(address.to, subject, address.mention)
    known = session.get(Notice, target.key)
    if known is not None and (known.number is not None or known.underway):
        called = str(known.target["mention"])
        target = SlackMessage(address.to, subject, called)
        if address.mention and not called:
            call = SlackReply(address.to, subject, CALL, address.mention)
            due(session, call, routed.source, rank=Rank.TURN)
    elif known is not None and not address.mention:
        target = SlackMessage(address.to, subject, str(known.target["mention"]))
    due(session, target, routed.source, told_by=routed.told_by)
    for name in routed.replies:
        due(session, SlackReply(address.to, subject, name), routed.source)
