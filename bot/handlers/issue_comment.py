"""`issue_comment`: a comment on a pull request may order something."""

from bot.commands.grammar import read
from bot.commands.verb import Place
from bot.github.events import CommentCreated
from bot.handlers.drift_issues import tenants_told_in
from bot.handlers.registry import Bot, Handlers
from bot.handlers.rolling_out import is_ours
from bot.orders.orders import Commented, hear

handlers = Handlers()

OURS = "<!-- orbits: "
"""What we write begins so, also where we write with somebody's own token."""


@handlers.on(CommentCreated)
async def carry_out_orders(event: CommentCreated, bot: Bot) -> None:
    """Carry out what a person orders in a new comment on a pull request, or on an issue of drift.

    An edit orders nothing, nor does a bot, and least of all we ourselves.
    """
    comment, repository, number = event.comment, event.repository.full_name, event.issue.number
    if comment.user is None or comment.user.type != "User" or comment.body.startswith(OURS):
        return
    place, tenants = Place.PULL_REQUEST, tuple[str, ...]()
    if event.issue.is_pull_request and not is_ours(repository, bot):
        return
    if not event.issue.is_pull_request:
        place = Place.DRIFT_ISSUE
        told_in = await _tenants(repository, number, comment.body, bot)
        if told_in is None:
            return
        tenants = told_in
    heard = await hear(
        bot.desk,
        Commented(
            repository=repository,
            pull_request=number,
            comment_id=comment.id,
            login=comment.user.login,
            body=comment.body,
            at=comment.created_at,
            place=place,
            tenants=tenants,
        ),
    )
    if heard:
        bot.engine.wake()


async def _tenants(repository: str, number: int, body: str, bot: Bot) -> tuple[str, ...] | None:
    """Answer whom an issue tells of on which something is ordered; `None` for no such issue."""
    if read(body, Place.DRIFT_ISSUE) is None:
        return None
    return await tenants_told_in(repository, number, bot)
