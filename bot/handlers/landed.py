"""What landed on a branch, by a merge or by a push, and the rollout that it begins.

However the bot hears of it: GitHub tells of it, or it is found on the branch later.
"""

from dataclasses import dataclass

from bot.github.shapes import PullRequest
from bot.handlers.registry import Bot
from bot.handlers.rolling_out import begin_rollout, contained_in, is_ours
from bot.rollouts.affected import Change
from bot.rollouts.origin import Kind, Origin
from bot.rollouts.policy_file import policy_at


@dataclass(frozen=True)
class Tracked:
    """A branch from which tenants get a service, its repository as the fleet spells it."""

    repository: str
    branch: str

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from another one; to GitHub names of repositories are alike in any case."""
        return self.repository.lower(), self.branch


@dataclass(frozen=True)
class Pushed:
    """A branch that went from one commit to another, by whom and with what as its last words."""

    repository: str
    branch: str
    before: str
    after: str
    title: str
    who: str


async def deploy_merge(
    repository: str, pull: PullRequest, bot: Bot, *, all_paths: bool = False
) -> str | None:
    """Begin the rollout of a merge, and answer its id; `None` where it began before.

    A rollout is keyed by repository and merge commit, so that it begins once. With `all_paths`
    the merge brings everything of its commit, and not only what it changed itself.
    """
    sha = pull.merge_commit_sha
    if not pull.merged or sha is None or not is_ours(repository, bot):
        return None
    await bot.plans.close(repository, pull.number, merged=True)
    changed = await bot.github.changed_paths(repository, sha, pull.number)
    complete = changed.complete and not all_paths
    change = Change(repository, pull.base.ref, changed.paths, complete)
    origin = Origin(
        key=Origin.key_of_commit(repository, pull.base.ref, sha),
        repository=repository,
        branch=pull.base.ref,
        sha=sha,
        pull_request=pull.number,
        title=pull.title,
        author=pull.user.login if pull.user else "ghost",
        asked_by=pull.merged_by.login if pull.merged_by else "ghost",
        url=pull.html_url,
        contained_in=await contained_in(change, sha, bot),
    )
    return await begin_rollout(origin, change, bot)


async def deploy_push(pushed: Pushed, bot: Bot) -> str | None:
    """Begin the rollout of a push, where the policy wants one, and answer its id.

    What a pull request brought to the branch is rolled out as its merge, and what is pushed to
    a branch from which nobody gets anything is nobody's business yet.
    """
    repository, after = pushed.repository, pushed.after
    if Tracked(repository, pushed.branch).key not in await tracked_branches(bot):
        return None
    policy = await policy_at(bot.github, repository, after)
    wanted = tuple(
        each.name
        for each in bot.fleet.services
        if policy is None or policy.service(each.name).on_push
    )
    if not wanted or await merged_with(repository, pushed.branch, after, bot):
        return None
    changed = await bot.github.changed_between(repository, pushed.before, after)
    change = Change(repository, pushed.branch, changed.paths, changed.complete)
    origin = Origin(
        kind=Kind.PUSH,
        key=Origin.key_of_commit(repository, pushed.branch, after),
        repository=repository,
        branch=pushed.branch,
        sha=after,
        title=pushed.title,
        author=pushed.who,
        asked_by=pushed.who,
        url="",
        contained_in=await contained_in(change, after, bot),
    )
    return await begin_rollout(origin, change, bot, only=wanted)


async def tracked_branches(bot: Bot) -> dict[tuple[str, str], Tracked]:
    """Answer by its key every branch from which a service is deployed, or a tenant's own of it."""
    services = bot.fleet.services
    found = [Tracked(service.repository, service.branch) for service in services]
    for tenant in await bot.rollouts.tenants():
        for service in services:
            own = tenant.branches.get(service.name)
            if own is not None and tenant.uses(service.name):
                found.append(Tracked(service.repository, own))
    return {tracked.key: tracked for tracked in found}


async def merged_with(repository: str, branch: str, sha: str, bot: Bot) -> tuple[PullRequest, ...]:
    """Answer the pull requests whose merge brought a commit to a branch; not to another one."""
    pulls = await bot.github.pull_requests_of(repository, sha)
    return tuple(pull for pull in pulls if pull.base.ref == branch)
