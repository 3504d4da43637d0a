"""`issue_comment`: a comment on a pull request may order something."""

from bot.github.events import CommentCreated
from bot.handlers.registry import Bot, Handlers
from bot.handlers.rolling_out import is_ours
from bot.orders.orders import Commented, hear

handlers = Handlers()


@handlers.on(CommentCreated)
async def carry_out_orders(event: CommentCreated, bot: Bot) -> None:
    """Carry out what a person orders in a new comment on a pull request.

    An edit orders nothing, nor does a bot, and least of all we ourselves.
    """
    comment, repository = event.comment, event.repository.full_name
    if comment.user is None or comment.user.type != "User" or not event.issue.is_pull_request:
        return
    if not is_ours(repository, bot):
        return
    heard = await hear(
        bot.desk,
        Commented(
            repository=repository,
            pull_request=event.issue.number,
            comment_id=comment.id,
            login=comment.user.login,
            body=comment.body,
            at=comment.created_at,
        ),
    )
    if heard:
        bot.engine.wake()
