"""Having a plan made of what a pull request, or a group of a merge queue, proposes."""

from bot.handlers.registry import Bot
from bot.rollouts.plans.proposal import Proposal, proposed


async def plan(repository: str, number: int, bot: Bot, *, again: bool = False) -> None:
    """Plan an open pull request as it is now, `again` also where nothing of it has changed."""
    proposal = await proposed(bot.github, repository, number)
    if proposal is not None:
        await plan_proposal(proposal, bot, again=again)


async def plan_proposal(proposal: Proposal, bot: Bot, *, again: bool = False) -> None:
    """Plan a proposal, and let the engine know where there is something to do."""
    begun = await bot.plans.begin(proposal, again=again)
    if begun.asked:
        bot.engine.wake()
