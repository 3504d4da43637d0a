"""`issues`: somebody closes, opens or takes away an issue that tells of drift."""

from functools import partial

from bot.drift import notices, rows
from bot.drift.hand import Hand
from bot.drift.reconciling import note_closed
from bot.github.events import IssueClosed, IssueReopened, IssueTakenAway
from bot.handlers.drift_issues import issue_now, tenants_told_in
from bot.handlers.registry import Bot, Handlers
from bot.outbox.issue import LABEL

handlers = Handlers()


@handlers.on(IssueClosed)
async def note_that_it_is_known(event: IssueClosed, bot: Bot) -> None:
    """Take a drift whose issue a person closed as acknowledged, until it changes.

    Events come late, twice and out of order: what counts is how the issue is now, and that it was
    closed after we decided that it is open.
    """
    tenants = await _tenants(event, bot)
    if not tenants:
        return
    seen = await issue_now(event.repository.full_name, event.issue.number, bot)
    if seen is not None and seen.state == "closed":
        await bot.drifts.change(partial(note_closed, tenants, seen))


@handlers.on(IssueReopened)
async def open_it_again(event: IssueReopened, bot: Bot) -> None:
    """Take a drift whose issue a person opened again as open, and look at once.

    Heard again, it opens what is open, and another look does no harm.
    """
    tenants = await _tenants(event, bot)
    if not tenants:
        return
    repository, number = event.repository.full_name, event.issue.number
    seen = await issue_now(repository, number, bot)
    if seen is None or seen.state != "open":
        return
    await bot.drifts.change(lambda hand: _reopen(hand, tenants, repository, number))
    await bot.drifts.look_now(tenants)
    bot.engine.wake()


@handlers.on(IssueTakenAway)
async def miss_the_issue(event: IssueTakenAway, bot: Bot) -> None:
    """Let an issue that was deleted or transferred be made anew while there is drift.

    Heard again, there is no such issue any more that anything is told in.
    """
    repository, number = event.repository.full_name, event.issue.number
    if await issue_now(repository, number, bot) is None:
        await bot.drifts.change(lambda hand: notices.lose(hand.session, repository, number))


async def _tenants(event: IssueClosed | IssueReopened, bot: Bot) -> tuple[str, ...] | None:
    """Answer the tenants of an issue of ours on which a person acted."""
    by_a_person = event.sender is not None and event.sender.type == "User"
    if not by_a_person or LABEL not in event.issue.label_names:
        return None
    return await tenants_told_in(event.repository.full_name, event.issue.number, bot)


def _reopen(hand: Hand, tenants: tuple[str, ...], repository: str, number: int) -> None:
    for tenant in tenants:
        notices.go_on_with(hand.session, tenant, repository, number)
        rows.opened_by_hand(hand.session, tenant, hand.now)
