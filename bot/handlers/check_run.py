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
from bot.orders.presses import Press, press, retry_what_failed
from bot.outbox.marking import restate
from bot.report.check import CHECK_NAME as DEPLOY
from bot.report.plan import CHECK_NAME as PLAN
from bot.rollouts.plans.notices import pull_request_of

handlers = Handlers()


@handlers.on(CheckRunRerequested)
async def make_the_check_again(event: CheckRunRerequested, bot: Bot) -> None:
    """Do again what one check of ours tells of, and write the check in any case.

    Until an App writes to it, GitHub shows the whole suite as queued.
    """
    repository, check = event.repository.full_name, event.check_run
    if not is_ours(repository, bot):
        return
    await _restate(repository, check.head_sha, bot)
    again = _AGAIN.get(check.name)
    if again is not None:
        await again(event, bot)


@handlers.on(CheckRunActionRequested)
async def do_what_was_pressed(event: CheckRunActionRequested, bot: Bot) -> None:
    """Carry out the command of a button on a rollout's check, as if it had been typed."""
    who = _presser(event, bot)
    if who is None:
        return
    identifier, rollout_id = event.requested_action.identifier, event.check_run.external_id or ""
    pressed = Press.of(identifier, rollout_id, who)
    if pressed is not None and await press(bot.desk, pressed):
        bot.engine.wake()


@handlers.on(CheckSuiteRerequested)
async def make_all_plans_again(event: CheckSuiteRerequested, bot: Bot) -> None:
    """Plan again whatever has the commit as its head, and write every check of it."""
    repository, sha = event.repository.full_name, event.check_suite.head_sha
    if is_ours(repository, bot):
        await _restate(repository, sha, bot)
        await _plan_commit(repository, sha, bot)


async def _restate(repository: str, sha: str, bot: Bot) -> None:
    await bot.rollouts.change(lambda hand: restate(hand.session, repository, sha))


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
    who = _presser(event, bot)
    if who is None:
        return
    if await retry_what_failed(bot.desk, event.check_run.external_id or "", who):
        bot.engine.wake()


def _presser(event: CheckRunRerequested | CheckRunActionRequested, bot: Bot) -> str | None:
    """Answer who wants something of the rollout that a check of ours is about, if anybody."""
    check, who = event.check_run, event.sender
    ours = is_ours(event.repository.full_name, bot) and check.name == DEPLOY
    return who.login if ours and who is not None and who.type == "User" else None


_AGAIN: dict[str, Callable[[CheckRunRerequested, Bot], Awaitable[None]]] = {
    PLAN: _plan_again,
    DEPLOY: _deploy_again,
}
"""What is done again, by the name of its check."""
