"""From what changed on a branch to the rollout that brings it to tenants."""

from collections.abc import Collection
from dataclasses import replace

from bot.github.failures import FileNotReadable
from bot.handlers.registry import Bot
from bot.rollouts.affected import Change, affected_by
from bot.rollouts.moves import Care, Moves, moves_of
from bot.rollouts.origin import Origin
from bot.rollouts.policy.problems import PolicyRefused
from bot.rollouts.policy.reading import read_policy
from bot.rollouts.policy_file import policy_text
from bot.rollouts.rows.begin import Beginning


async def begin_rollout(
    origin: Origin, change: Change, bot: Bot, only: Collection[str] | None = None
) -> str | None:
    """Begin a rollout to every tenant that a change reaches; `None` where it began before.

    It goes by the `orbits.toml` of its own commit, which its branch has by now. `only` names the
    services that may be deployed; all may where it is `None`.
    """
    tenants = await bot.rollouts.tenants()
    services = [each for each in bot.fleet.services if only is None or each.name in only]
    affected = affected_by(change, services, tenants)
    beginning = Beginning(origin, affected.services, Moves(), affected.verdicts)
    try:
        text = await policy_text(bot.github, origin.repository, origin.sha)
        care = Care(read_policy(text), bot.clock.now(), await bot.rollouts.kept())
    except (FileNotReadable, PolicyRefused) as refused:
        # A tenant is not moved in another way than its agency wanted.
        beginning = replace(beginning, refused=str(refused))
    else:
        moves = moves_of(affected.targets(origin.sha), tenants, care)
        beginning = replace(beginning, moves=moves, policy=text)
    begun = await bot.rollouts.begin(beginning)
    if begun is not None:
        bot.engine.wake()
    return begun


async def contained_in(change: Change, sha: str, bot: Bot) -> list[str]:
    """Answer which commits that tenants have, or are about to get, hold this one already."""
    services = [
        each.name for each in bot.fleet.services if _same(each.repository, change.repository)
    ]
    in_use = await bot.rollouts.in_use(services, change.repository, change.branch)
    return [
        each
        for each in in_use
        if each != sha and await bot.github.contains(change.repository, each, sha)
    ]


def is_ours(repository: str, bot: Bot) -> bool:
    """Answer whether any service is deployed from a repository."""
    return any(_same(service.repository, repository) for service in bot.fleet.services)


def _same(repository: str, other: str) -> bool:
    """Answer whether two names are one repository; GitHub's are alike in any case."""
    return repository.lower() == other.lower()
