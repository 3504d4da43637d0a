"""People, and the verbs of what they do on GitHub."""

from bot.simulated.github.accounts import Account
from bot.simulated.github.acts import Acts
from bot.simulated.github.checks import CheckRun, CheckSuite
from bot.simulated.github.conversations import IssueDraft
from bot.simulated.github.git import Changes, Draft
from bot.simulated.github.issues import Comment, Issue, Reaction, StateReason
from bot.simulated.github.merge_queue import MergeGroup
from bot.simulated.github.merging import Words
from bot.simulated.github.pull_requests import MergeRequest, PullDraft, as_repository
from bot.simulated.github.pulls import Method, PullRequest
from bot.simulated.github.refusals import GitHubRefused, impossible
from bot.simulated.github.repositories import Repository
from bot.simulated.github.tokens import Tokens


class User(Account):
    """Somebody who acts; every verb is refused (GitHubRefused) where GitHub would refuse it."""

    def __init__(self, login: str, user_id: int, acts: Acts, tokens: Tokens) -> None:
        super().__init__(login, user_id, "User")
        self._acts = acts
        self._tokens = tokens

    def __repr__(self) -> str:
        return f"<User {self.login}>"

    def personal_token(self) -> str:
        """Return a new token with which a script may do what this person may."""
        return self._tokens.personal(self)

    async def pushes(
        self,
        repository: Repository,
        changes: Changes,
        *,
        branch: str | None = None,
        message: str = "",
    ) -> str:
        """Commit changes on a branch (a new one begins at the default branch) and push it."""
        words = message or _message_of(changes)
        where = branch or repository.default_branch
        return await self._acts.branches.push(repository, self, where, changes, words)

    async def force_pushes(self, repository: Repository, branch: str, sha: str) -> None:
        """Put a branch on another commit, whatever was there."""
        await self._acts.branches.force(repository, self, branch, sha)

    async def creates_branch(self, repository: Repository, branch: str, at: str = "") -> str:
        """Begin a branch at a commit or another branch; the default branch if none is named."""
        sha = await repository.commit_named(at or repository.default_branch)
        await self._acts.branches.create(repository, self, branch, sha)
        return sha

    async def deletes_branch(self, repository: Repository, branch: str) -> None:
        """Delete a branch; open pull requests from it are closed."""
        await self._acts.branches.delete(repository, self, branch)

    async def opens_pull_request(  # noqa: PLR0913 - the fields of GitHub's form
        self,
        repository: Repository,
        title: str = "",
        changes: Changes | None = None,
        *,
        branch: str | None = None,
        base: str | None = None,
        body: str = "",
        draft: bool = False,
    ) -> PullRequest:
        """Propose changes, or without them a branch that exists.

        Who may not write to the repository works in a fork.
        """
        repository.demand(self, "read", "open a pull request")
        if not changes and not branch:
            raise impossible("PullRequest", "A pull request needs changes, or a branch.")
        words = title or (_message_of(changes) if changes else str(branch))
        name = branch or await self._free_branch(repository)
        target = base or repository.default_branch
        owner = repository.owner if repository.allows(self, "write") else self
        if changes:
            await self._commit_for(repository, (owner, name, target), changes, words)
        asked = PullDraft(words, name, target, body, draft, owner)
        return await self._acts.pull_requests.open(repository, self, asked)

    async def adds_to(self, pull: PullRequest, changes: Changes, message: str = "") -> str:
        """Push another commit to a pull request's branch."""
        repository, words = as_repository(pull), message or _message_of(changes)
        if not pull.from_fork:
            return await self.pushes(repository, changes, branch=pull.branch, message=words)
        if pull.head_owner is not self:
            raise GitHubRefused(f"{self.login} may not push to {pull.label}.", status=403)
        async with repository.lock:
            draft = Draft(words, self.signature, self.signature)
            sha = await repository.git.commit_changes(pull.head_sha, changes, draft)
            await repository.git.point(pull.head_reference, sha)
            await self._acts.pull_requests.head_moved(pull, self, sha)
        return sha

    async def merges(
        self, pull: PullRequest, method: Method = "merge", *, title: str = "", message: str = ""
    ) -> str:
        """Merge a pull request and return the commit that the base is now at."""
        asked = MergeRequest(method, Words(title, message))
        return await self._acts.pull_requests.merge(pull, self, asked)

    async def queues(self, *pulls: PullRequest) -> MergeGroup:
        """Put pull requests into the merge queue, together."""
        return await self._acts.merge_queue.queue(list(pulls), self)

    async def marks_ready(self, pull: PullRequest) -> None:
        """Turn a draft into a pull request that can be merged."""
        self._acts.pull_requests.mark_ready(pull, self)

    async def changes_base(self, pull: PullRequest, base: str) -> None:
        """Ask for the merge into another branch."""
        await self._acts.pull_requests.change_base(pull, self, base)

    async def edits(
        self, issue: Issue, *, title: str | None = None, body: str | None = None
    ) -> None:
        """Change the title or the body of an issue or a pull request."""
        self._acts.conversations.edit(issue, self, title, body)

    async def closes(self, issue: Issue, reason: StateReason | None = None) -> None:
        """Close an issue, or a pull request without merging it."""
        self._acts.conversations.close(issue, self, reason)

    async def reopens(self, issue: Issue) -> None:
        """Open a closed issue or an unmerged pull request again."""
        if isinstance(issue, PullRequest):
            await self._acts.pull_requests.reopen(issue, self)
        else:
            self._acts.conversations.reopen(issue, self)

    async def opens_issue(
        self, repository: Repository, title: str, body: str = "", *, labels: tuple[str, ...] = ()
    ) -> Issue:
        """Open an issue."""
        return self._acts.conversations.open_issue(
            repository, self, IssueDraft(title, body, labels)
        )

    async def closes_issue(self, issue: Issue) -> None:
        """Close an issue."""
        await self.closes(issue)

    async def deletes_issue(self, issue: Issue) -> None:
        """Delete an issue for good."""
        self._acts.departures.delete(issue, self)

    async def transfers(self, issue: Issue, to: Repository) -> Issue:
        """Move an issue to another repository of the same owner; return it as it is there."""
        return self._acts.departures.transfer(issue, self, to)

    async def labels(self, repository: Repository, issue: Issue, *names: str) -> None:
        """Make these the labels of an issue or a pull request."""
        repository.demand(self, "triage", "label")
        self._acts.conversations.set_labels(repository, issue, self, names)

    async def locks(self, issue: Issue) -> None:
        """Let only those who may write here comment."""
        self._acts.conversations.lock(issue, self)

    async def unlocks(self, issue: Issue) -> None:
        """Let everybody comment again."""
        self._acts.conversations.unlock(issue, self)

    async def comments(self, issue: Issue, body: str) -> Comment:
        """Comment on an issue or a pull request."""
        return self._acts.conversations.comment(issue, self, body)

    async def edits_comment(self, comment: Comment, body: str) -> None:
        """Change what a comment says."""
        self._acts.conversations.edit_comment(comment, self, body)

    async def deletes_comment(self, comment: Comment) -> None:
        """Take a comment away."""
        self._acts.conversations.delete_comment(comment, self)

    async def reacts(self, target: Issue | Comment, content: str) -> Reaction:
        """React with one of `+1 -1 laugh confused heart hooray rocket eyes`."""
        reaction, _ = self._acts.conversations.react(target, self, content)
        return reaction

    async def clicks(self, run: CheckRun, identifier: str) -> None:
        """Press a button of a check run."""
        self._acts.checks.click(run, self, identifier)

    async def reruns(self, run: CheckRun) -> None:
        """Ask for one check again ("Re-run")."""
        self._acts.checks.rerun(run, self)

    async def reruns_all(self, suite: CheckSuite) -> None:
        """Ask for all checks of an App again ("Re-run all checks")."""
        self._acts.checks.rerun_all(suite, self)

    async def _commit_for(
        self,
        repository: Repository,
        where: tuple[Account, str, str],
        changes: Changes,
        message: str,
    ) -> None:
        owner, branch, base = where
        if owner is not self:
            taken = await repository.git.resolve(f"heads/{branch}")
            if not taken and base != repository.default_branch:
                await self.creates_branch(repository, branch, base)
            await self.pushes(repository, changes, branch=branch, message=message)
            return
        draft = Draft(message, self.signature, self.signature)
        fork = f"forks/{self.login}/{branch}"
        parent = await repository.git.resolve(fork) or await repository.head(base)
        sha = await repository.git.commit_changes(parent, changes, draft)
        await repository.git.point(f"refs/{fork}", sha)

    async def _free_branch(self, repository: Repository) -> str:
        taken = set(await repository.git.branches()) | {pull.branch for pull in repository.pulls}
        names = (f"{self.login}-patch-{number}" for number in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)


def _message_of(changes: Changes) -> str:
    path = next(iter(changes), "nothing")
    more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
    return f"{'Update' if changes.get(path) is not None else 'Delete'} {path}{more}"
