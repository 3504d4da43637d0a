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
    the second delivery finds the first one and starts nothing. A delivery may also come after
    that of a later merge: what that one brought contains this one, and stays. A repository from
    which no service is deployed is none of our business, and hears nothing.
    """
    pull, repository = event.pull_request, event.repository.full_name
    if not event.merged or pull.merge_commit_sha is None or not _is_ours(repository, bot):
        return
    change = await _change(event, pull.merge_commit_sha, bot)
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
    )
    if await bot.rollouts.begin(
        merge, affected, lambda begun: RollOut(rollout_id=begun, at_once=bot.at_once)
    ):
        bot.engine.wake()


async def _change(event: PullRequestClosed, sha: str, bot: Bot) -> Change:
    """Ask what the merge changed, and whether something newer was rolled out meanwhile."""
    pull, repository = event.pull_request, event.repository.full_name
    changed = await bot.github.changed_paths(repository, sha, pull.number)
    newest = await bot.rollouts.newest(repository)
    newer = {
        each
        for each in set(newest.values())
        if each != sha and await bot.github.contains(repository, each, sha)
    }
    superseded = {service: each for service, each in newest.items() if each in newer}
    return Change(repository, pull.base.ref, changed.paths, changed.complete, superseded)


def _is_ours(repository: str, bot: Bot) -> bool:
    return any(service.repository.lower() == repository.lower() for service in bot.fleet.services)
