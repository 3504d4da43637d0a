"""`merge_group`: a merge queue waits for the checks of what it would merge together."""

from bot.github.events import MergeGroupChecksRequested
from bot.handlers.planning import plan_proposal
from bot.handlers.registry import Bot, Handlers
from bot.handlers.rolling_out import is_ours
from bot.rollouts.plans.proposal import queued

handlers = Handlers()


@handlers.on(MergeGroupChecksRequested)
async def say_whom_the_group_reaches(event: MergeGroupChecksRequested, bot: Bot) -> None:
    """Put the plan's check on the group, without which the queue stalls.

    Its stacks were asked on the pull requests: here only whom it reaches is reckoned, and whether
    its `orbits.toml` can be used.
    """
    if is_ours(event.repository.full_name, bot):
        await plan_proposal(await queued(bot.github, event), bot)
