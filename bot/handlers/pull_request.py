"""`pull_request`: an open one is planned, and a merge starts a rollout."""

from bot.github.events import PullRequestChanged, PullRequestClosed
from bot.handlers.landed import deploy_merge
from bot.handlers.planning import plan
from bot.handlers.registry import Bot, Handlers
from bot.handlers.rolling_out import is_ours

handlers = Handlers()


@handlers.on(PullRequestChanged)
async def plan_what_is_proposed(event: PullRequestChanged, bot: Bot) -> None:
    """Say on an open pull request what merging it would do; a draft's too.

    Events may come late and out of order: what is planned is what GitHub has now.
    """
    repository = event.repository.full_name
    if event.action != "converted_to_draft" and is_ours(repository, bot):
        await plan(repository, event.pull_request.number, bot)


@handlers.on(PullRequestClosed)
async def end_the_plan(event: PullRequestClosed, bot: Bot) -> None:
    """Leave off planning what was given up; it may be open again by now."""
    repository, number = event.repository.full_name, event.pull_request.number
    if event.merged or not is_ours(repository, bot):
        return
    if (await bot.github.pull_request(repository, number)).state == "closed":
        await bot.plans.close(repository, number, merged=False)


@handlers.on(PullRequestClosed)
async def deploy_affected_stacks(event: PullRequestClosed, bot: Bot) -> None:
    """Start a rollout to every tenant whose stack the merge touches.

    GitHub may deliver an event twice: a rollout is keyed by repository and merge commit, so
    the second delivery finds the first one and starts nothing. It may also deliver after a
    later merge: who has that one already, keeps it. A repository from which no service is
    deployed is none of our business, and hears nothing.
    """
    await deploy_merge(event.repository.full_name, event.pull_request, bot)
