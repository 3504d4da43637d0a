"""What somebody wants to merge, as GitHub has it just now."""

from pydantic import BaseModel, ConfigDict

from bot.github.door import GitHub
from bot.github.events import MergeGroupChecksRequested
from bot.github.failures import FileNotReadable
from bot.github.shapes import PullRequest
from bot.rollouts.affected import Change
from bot.rollouts.policy.reading import POLICY_FILE
from bot.rollouts.policy_file import policy_text


class Proposal(BaseModel):
    """A commit on its way to a branch: of a pull request, or of a merge queue's group.

    `paths` are the files that it changes, all of them where `complete`. `policy` is the text of
    the `orbits.toml` that a rollout of it would go by; `own_policy`: it changes that file itself.
    Where it is `unreadable`, that says why.
    """

    model_config = ConfigDict(frozen=True)

    repository: str
    pull_request: int | None = None
    head_sha: str
    base: str
    title: str = ""
    author: str = ""
    draft: bool = False
    fork: bool = False
    paths: tuple[str, ...] = ()
    complete: bool = True
    policy: str = ""
    own_policy: bool = False
    unreadable: str = ""

    @property
    def key(self) -> str:
        """What tells it from all others: its pull request, however often that changes."""
        if self.pull_request is None:
            return f"{self.repository.lower()}@{self.head_sha}"
        return key_of(self.repository, self.pull_request)

    @property
    def change(self) -> Change:
        """What it brings to its branch."""
        return Change(self.repository, self.base, self.paths, self.complete)

    @property
    def not_asked(self) -> str:
        """Why stacks are not asked what they would do; empty where they are."""
        if self.pull_request is None:
            return "What stacks would do was asked on the pull requests, and is not asked again."
        if self.fork:
            return (
                "What stacks would do is not asked: the branch is in a fork, of which nothing is "
                "checked out before it is merged."
            )
        if self.draft:
            return (
                "What stacks would do is asked once this draft is ready for review, or by "
                "`/orbits plan`."
            )
        return ""

    def brings_the_same(self, other: "Proposal") -> bool:
        """Answer whether two differ in their words at most."""
        words = {"title": "", "author": ""}
        return self.model_copy(update=words) == other.model_copy(update=words)


def key_of(repository: str, pull_request: int) -> str:
    """Answer the key of a pull request."""
    return f"{repository.lower()}#{pull_request}"


async def proposed(github: GitHub, repository: str, number: int) -> Proposal | None:
    """Answer what a pull request proposes now, whatever was heard of it; `None`: it is closed.

    It goes by the `orbits.toml` of its base, unless it changes that file.
    """
    pull = await github.pull_request(repository, number)
    if pull.state != "open":
        return None
    changed = await github.proposed_paths(repository, number)
    own = POLICY_FILE in changed.paths or not changed.complete
    ref = pull.head.sha if own else pull.base.ref
    policy, unreadable = await _policy_at(github, repository, ref)
    return Proposal(
        repository=repository,
        pull_request=number,
        title=pull.title,
        author=_author(pull),
        head_sha=pull.head.sha,
        base=pull.base.ref,
        draft=pull.draft,
        fork=pull.from_fork,
        paths=changed.paths,
        complete=changed.complete,
        policy=policy,
        own_policy=POLICY_FILE in changed.paths,
        unreadable=unreadable,
    )


async def queued(github: GitHub, event: MergeGroupChecksRequested) -> Proposal:
    """Answer what a group of a merge queue proposes."""
    repository, group = event.repository.full_name, event.merge_group
    changed = await github.changed_between(repository, group.base_sha, group.head_sha)
    policy, unreadable = await _policy_at(github, repository, group.head_sha)
    return Proposal(
        repository=repository,
        head_sha=group.head_sha,
        base=group.base_branch,
        paths=changed.paths,
        complete=changed.complete,
        policy=policy,
        own_policy=POLICY_FILE in changed.paths,
        unreadable=unreadable,
    )


async def _policy_at(github: GitHub, repository: str, ref: str) -> tuple[str, str]:
    """Answer the text of an `orbits.toml`, or why it cannot be read."""
    try:
        return await policy_text(github, repository, ref), ""
    except FileNotReadable as unreadable:
        return "", str(unreadable)


def _author(pull: PullRequest) -> str:
    return pull.user.login if pull.user else "ghost"
