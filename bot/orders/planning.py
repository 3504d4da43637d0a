"""`/orbits plan`: what merging the pull request would do, looked at anew."""

from bot.orders.asked import Act, Asked, Desk, chosen_tenants, counted
from bot.report.suggestions import in_code
from bot.rollouts.plans.outlook import Outlook
from bot.rollouts.plans.proposal import Proposal, proposed
from resources.errors import Refused

_SAID_ABOVE = "The check `orbits/plan` and the comment of the plan say what comes of it."


async def plan(desk: Desk, asked: Asked) -> Act:
    """Ask the stacks again, of all tenants that it would reach or of some, at the head of now."""
    proposal = await proposed(desk.github, asked.repository, asked.pull_request)
    if proposal is None:
        raise Refused(
            f"#{asked.pull_request} is not open any more: nothing is left to plan. "
            "`/orbits status` says how its rollout stands."
        )
    # Whoever asks for the plan of a draft wants to know what its stacks say.
    proposal = proposal.model_copy(update={"draft": False})
    outlook = await desk.plans.outlook(proposal)
    only = await _chosen(desk, asked, outlook)
    begun = await desk.plans.begin(proposal, only, again=True)
    wanted = [name for name in outlook.to_ask if only is None or name in only]
    answer = _answer(proposal, wanted, list(begun.asked))
    return lambda _: answer


async def _chosen(desk: Desk, asked: Asked, outlook: Outlook) -> list[str] | None:
    if not asked.command.selector.terms:
        return None
    reached = [each.tenant for each in outlook.prospects]
    return chosen_tenants(asked.command.selector, await desk.rollouts.tenants(), reached)


def _answer(proposal: Proposal, wanted: list[str], asked: list[str]) -> str:
    head = in_code(proposal.head_sha[:7])
    if asked:
        return f"Looking at {head} for {counted(asked)}. {_SAID_ABOVE}"
    if wanted and not proposal.not_asked:
        return f"{head} is being looked at already. {_SAID_ABOVE}"
    return f"Looked at {head} again. {proposal.not_asked or 'No stack is to be asked.'}"
