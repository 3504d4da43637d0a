"""`push`: a branch moved without a pull request, which is rolled out where the policy says so."""

from bot.github.events import Push
from bot.handlers.landed import Pushed, deploy_push
from bot.handlers.registry import Bot, Handlers

handlers = Handlers()


@handlers.on(Push)
async def deploy_what_was_pushed(event: Push, bot: Bot) -> None:
    """Start a rollout of a pushed commit that no pull request brought.

    What a pull request brings is rolled out when GitHub tells of its merge.
    """
    if event.branch is None or event.deleted or event.created:
        return
    pushed = Pushed(
        repository=event.repository.full_name,
        branch=event.branch,
        before=event.before,
        after=event.after,
        title=event.head_commit.title if event.head_commit else event.after[:7],
        who=event.sender.login if event.sender else "ghost",
    )
    await deploy_push(pushed, bot)
