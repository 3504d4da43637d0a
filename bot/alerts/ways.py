"""The ways out of a bot: to GitHub, to the router of alerts, and to each channel that is set up."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.alerts.router import AlertRouter
from bot.alerts.routing import HOOK, MAIL, SLACK, WEBHOOK, Address, Reachable
from bot.alerts.targets import POST_KINDS, SLACK_KINDS
from bot.channels.addresses import Addresses
from bot.channels.mail import Mail
from bot.channels.slack import SlackBot
from bot.channels.slack_hook import SlackHook
from bot.channels.webhook import Webhook
from bot.engine.clock import Clock
from bot.outbox.announcement import Announcement
from bot.outbox.budget import Pace
from bot.outbox.target import Way, Ways
from bot.store.database import Database

MAIN = "main"

IN_SLACK = Pace(between=timedelta(seconds=1), per_minute=60, per_hour=1_000, kept_for_turns=0)
"""Slack takes a message a second in each channel: docs.slack.dev/apis/web-api/rate-limits."""

ELSEWHERE = Pace(between=timedelta(seconds=1), per_minute=30, per_hour=300, kept_for_turns=0)
AT_HOME = Pace(between=timedelta(0), per_minute=5_000, per_hour=5_000, kept_for_turns=0)
"""What is only marked in the store costs nobody anything."""


def reachable(addresses: Addresses) -> Reachable:
    """Answer which channels can be reached, and which of them hear of everything."""
    always = []
    if addresses.slack_token:
        always.append(Address(SLACK, addresses.slack_channel))
    if addresses.slack_webhook_url:
        always.append(Address(HOOK, MAIN))
    if addresses.webhook_url:
        always.append(Address(WEBHOOK, MAIN))
    if addresses.mail_to:
        always.append(Address(MAIL, addresses.mail_to))
    ways = {address.way for address in always}
    if addresses.mail_server is not None:
        ways.add(MAIL)
    return Reachable(frozenset(ways), tuple(always))


def ways_of(
    addresses: Addresses,
    github: Way,
    database: Database,
    clock: Clock,
    *,
    pace: Pace | None = None,
) -> Ways:
    """Answer every way out; `pace` is that of all channels where it is given."""
    doors: dict[str, tuple[Any, Pace]] = {}
    if addresses.slack_token:
        bot = SlackBot(addresses.slack_token, addresses.slack_api_url, now=clock.now)
        doors[SLACK] = (bot, IN_SLACK)
    if addresses.slack_webhook_url:
        doors[HOOK] = (SlackHook(addresses.slack_webhook_url, now=clock.now), IN_SLACK)
    if addresses.webhook_url:
        webhook = Webhook(addresses.webhook_url, addresses.webhook_secret, now=clock.now)
        doors[WEBHOOK] = (webhook, ELSEWHERE)
    if addresses.mail_server is not None:
        doors[MAIL] = (Mail(addresses.mail_server, now=clock.now), ELSEWHERE)
    router = Way(AlertRouter(database), pace or AT_HOME, {Announcement.kind: Announcement})
    others = {
        name: Way(door, pace or usual, SLACK_KINDS if name == SLACK else POST_KINDS)
        for name, (door, usual) in doors.items()
    }
    return Ways(github, {"alerts": router, **others})


def pages_of(api_url: str) -> str:
    """Answer the host of GitHub's pages, of the address of its API."""
    host = urlsplit(api_url).netloc
    return "github.com" if host == "api.github.com" else host
