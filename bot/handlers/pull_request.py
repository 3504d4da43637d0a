"""`pull_request`: a merge starts a rollout."""

from bot.github.events import PullRequestClosed
from bot.handlers.registry import Bot, Handlers
from bot.rollouts.affected import Change, affected_by
from bot.rollouts.records import Merge
from bot.rollouts.rollout import RollOut

handlers = Handlers()


@handlers.on(PullRequestClosed)
async def deploy_affected_stacks(event: PullRequestClosed, bot: Bot) -> None:
    """Start a rollout to every tenant whose stack the merge touches.

    GitHub may deliver an event twice: a rollout is keyed by repository and merge commit, so
    the second delivery finds the first one and starts nothing. It may also deliver after a
    later merge: who has that one already, keeps it. A repository from which no service is
    deployed is none of our business, and hears nothing.
    """
    pull, repository = event.pull_request, event.repository.full_name
    if not event.merged or pull.merge_commit_sha is None or not _is_ours(repository, bot):
        return
    changed = await bot.github.changed_paths(repository, pull.merge_commit_sha, pull.number)
    change = Change(repository, pull.base.ref, changed.paths, changed.complete)
    affected = affected_by(change, bot.fleet.services, await bot.rollouts.tenants())
    merge = Merge(
        repository=repository,
        branch=pull.base.ref,
        sha=pull.merge_commit_sha,
        pull_request=pull.number,
        title=pull.title,
        author=pull.user.login if pull.user else "ghost",
        merged_by=pull.merged_by.login if pull.merged_by else "ghost",
        url=pull.html_url,
        contained_in=await _contained_in(change, pull.merge_commit_sha, bot),
    )
    if await bot.rollouts.begin(
        merge, affected, lambda begun: RollOut(rollout_id=begun, at_once=bot.at_once)
    ):
        bot.engine.wake()


async def _contained_in(change: Change, sha: str, bot: Bot) -> list[str]:
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


def _same(repository: str, other: str) -> bool:
    """Answer whether two names are one repository; GitHub's are alike in any case."""
    return repository.lower() == other.lower()


def _is_ours(repository: str, bot: Bot) -> bool:
    return any(_same(service.repository, repository) for service in bot.fleet.services)
