"""All that the bot does by itself so that no merge is lost, whatever GitHub told it."""

from datetime import timedelta

from bot.handlers.registry import Bot
from bot.inbox import Inbox
from bot.recovery.branches import MovedBranches
from bot.recovery.deliveries import MissedDeliveries
from bot.recovery.looks import Kind, Looks
from bot.store.database import Database

DELIVERIES_EVERY = timedelta(minutes=5)
BRANCHES_EVERY = timedelta(minutes=30)


def recovery(bot: Bot, inbox: Inbox, database: Database) -> Looks:
    """Answer the looks for what was missed, ready to work: deliveries first, then branches."""
    deliveries = MissedDeliveries(bot.github, inbox, database, bot.clock)
    branches = MovedBranches(bot, inbox, database)
    return Looks(
        database,
        bot.clock,
        Kind("deliveries", DELIVERIES_EVERY, deliveries.look),
        Kind("branches", BRANCHES_EVERY, branches.look),
    )
