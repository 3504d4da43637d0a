"""The three ways to merge, as git objects; no branch moves here."""

from dataclasses import dataclass

from bot.simulated.github.accounts import GITHUB_SIGNATURE, Account
from bot.simulated.github.git import Draft, Git
from bot.simulated.github.history import Commit, log
from bot.simulated.github.pulls import PullRequest
from bot.simulated.github.refusals import GitHubRefused


@dataclass(frozen=True)
class Words:
    """What the merger wrote; GitHub has words of its own for what is left empty."""

    title: str = ""
    message: str = ""


def conflict(pull: PullRequest) -> GitHubRefused:
    """Return the refusal of a pull request that conflicts with its base."""
    return unmergeable(pull, f"{pull.branch} conflicts with {pull.base}")


def unmergeable(pull: PullRequest, why: str) -> GitHubRefused:
    """Return GitHub's refusal to merge, with the reason."""
    name = f"{pull.repository.full_name}#{pull.number}"
    return GitHubRefused(
        "Pull Request is not mergeable", status=405, errors=[{"message": f"{name}: {why}."}]
    )


async def tested(pull: PullRequest, base: str) -> str | None:
    """Return a throw-away merge commit of a pull request, or None if it conflicts."""
    git = pull.repository.git
    if (tree := await git.merged_tree(base, pull.head_sha)) is None:
        return None
    draft = Draft(f"Merge {pull.head_sha} into {base}", GITHUB_SIGNATURE, GITHUB_SIGNATURE)
    return await git.commit_tree(tree, [base, pull.head_sha], draft)


async def merged(pull: PullRequest, base: str, actor: Account, words: Words) -> str:
    """Return a merge commit with two parents."""
    tree = await _tree(pull, base)
    owner = pull.label.replace(":", "/", 1)
    title = words.title or f"Merge pull request #{pull.number} from {owner}"
    draft = Draft(_joined(title, words.message or pull.title), actor.signature, GITHUB_SIGNATURE)
    return await pull.repository.git.commit_tree(tree, [base, pull.head_sha], draft)


async def squashed(pull: PullRequest, base: str, words: Words) -> str:
    """Return one commit with everything that the pull request changes."""
    git = pull.repository.git
    tree = await _tree(pull, base)
    commits = await log(git, "--reverse", f"{base}..{pull.head_sha}")
    alone = commits[0] if len(commits) == 1 else None
    title = words.title or f"{alone.title if alone else pull.title} (#{pull.number})"
    listed = "\n\n".join(f"* {commit.message}" for commit in commits)
    message = words.message or (alone.body if alone else listed)
    draft = Draft(_joined(title, message), pull.author.signature, GITHUB_SIGNATURE)
    return await git.commit_tree(tree, [base], draft)


async def rebased(pull: PullRequest, base: str, actor: Account) -> str:
    """Return the last of the pull request's commits, each written anew on top of the base."""
    git = pull.repository.git
    tip = base
    for commit in await log(git, "--reverse", "--no-merges", f"{base}..{pull.head_sha}"):
        tree = await _picked_tree(git, commit, tip)
        if tree is None:
            raise conflict(pull)
        if tree != await git.tree(tip):
            draft = Draft(commit.message, commit.author, actor.signature, commit.authored_at)
            tip = await git.commit_tree(tree, [tip], draft)
    return tip


async def _picked_tree(git: Git, commit: Commit, tip: str) -> str | None:
    # `git merge-tree` takes a merge base of one's choice only from 2.40 on: a commit
    # with the tip's tree on the picked commit's parent makes that parent the base.
    draft = Draft("", GITHUB_SIGNATURE, GITHUB_SIGNATURE)
    ours = await git.commit_tree(await git.tree(tip), list(commit.parents), draft)
    return await git.merged_tree(ours, commit.sha)


async def _tree(pull: PullRequest, base: str) -> str:
    if (tree := await pull.repository.git.merged_tree(base, pull.head_sha)) is None:
        raise conflict(pull)
    return tree


def _joined(title: str, message: str) -> str:
    return f"{title}\n\n{message}" if message else title
