"""`check_run` and `check_suite`: somebody wants a check of ours made again."""

from collections.abc import Awaitable, Callable

from bot.github.events import (
    CheckRunActionRequested,
    CheckRunRerequested,
    CheckSuiteRerequested,
)
from bot.handlers.planning import plan, plan_proposal
from bot.handlers.registry import Bot, Handlers
from bot.handlers.rolling_out import is_ours
from bot.orders.presses import press
from bot.report.check import CHECK_NAME as DEPLOY
from bot.report.plan import CHECK_NAME as PLAN
from bot.rollouts.plans.notices import pull_request_of

handlers = Handlers()


@handlers.on(CheckRunRerequested)
async def make_the_check_again(event: CheckRunRerequested, bot: Bot) -> None:
    """Do again what one check of ours tells of."""
    again = _AGAIN.get(event.check_run.name)
    if again is not None and is_ours(event.repository.full_name, bot):
        await again(event, bot)


@handlers.on(CheckRunActionRequested)
async def do_what_was_pressed(event: CheckRunActionRequested, bot: Bot) -> None:
    """Carry out the command of a button on a rollout's check, as if it had been typed."""
    await _give(event.requested_action.identifier, event, bot)


@handlers.on(CheckSuiteRerequested)
async def make_all_plans_again(event: CheckSuiteRerequested, bot: Bot) -> None:
    """Plan again whatever has the commit as its head."""
    repository = event.repository.full_name
    if is_ours(repository, bot):
        await _plan_commit(repository, event.check_suite.head_sha, bot)


async def _plan_again(event: CheckRunRerequested, bot: Bot) -> None:
    """Plan the pull request that a check was about, as it is now; or a merge queue's group."""
    repository, check = event.repository.full_name, event.check_run
    number = pull_request_of(check.external_id)
    if number is not None:
        await plan(repository, number, bot, again=True)
    else:
        await _plan_commit(repository, check.head_sha, bot)


async def _plan_commit(repository: str, sha: str, bot: Bot) -> None:
    for proposal in await bot.plans.of_commit(repository, sha):
        if proposal.pull_request is None:
            await plan_proposal(proposal, bot, again=True)
        else:
            await plan(repository, proposal.pull_request, bot, again=True)


async def _deploy_again(event: CheckRunRerequested, bot: Bot) -> None:
    """Try again what failed."""
    await _give("retry", event, bot)


async def _give(verb: str, event: CheckRunRerequested | CheckRunActionRequested, bot: Bot) -> None:
    """Give a command on the rollout that a check of ours is about."""
    repository, check, who = event.repository.full_name, event.check_run, event.sender
    ours = is_ours(repository, bot) and check.name == DEPLOY and check.external_id is not None
    if not ours or who is None or who.type != "User":
        return
    if await press(bot.desk, verb, check.external_id or "", who.login):
        bot.engine.wake()


_AGAIN: dict[str, Callable[[CheckRunRerequested, Bot], Awaitable[None]]] = {
    PLAN: _plan_again,
    DEPLOY: _deploy_again,
}
"""What is done again, by the name of its check."""
