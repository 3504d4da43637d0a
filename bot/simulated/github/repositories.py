"""A repository with all that is said and reported about its code."""

from bot.simulated.github.accounts import Account
from bot.simulated.github.apps import App
from bot.simulated.github.checks import CheckRun, CheckSuite
from bot.simulated.github.codebase import Codebase
from bot.simulated.github.deployments import CommitStatus, Deployment
from bot.simulated.github.issues import Comment, Issue, Label
from bot.simulated.github.platform import Platform
from bot.simulated.github.pulls import PullRequest
from bot.simulated.github.refusals import GitHubRefused, not_found

_FIRST_LABELS = {
    "bug": "d73a4a",
    "documentation": "0075ca",
    "duplicate": "cfd3d7",
    "enhancement": "a2eeef",
    "question": "d876e3",
    "wontfix": "ffffff",
}


class Repository(Codebase):
    """One repository as a person sees it."""

    def __init__(self, platform: Platform, owner: Account, name: str, *, private: bool) -> None:
        super().__init__(platform, owner, name, private=private)
        self.issues: dict[int, Issue] = {}
        self.gone_issues: dict[int, Issue | None] = {}
        self.suites: list[CheckSuite] = []
        self.commit_statuses: list[CommitStatus] = []
        self.deployments: list[Deployment] = []
        self.labels = {
            word: Label(platform.next_id(), word, color) for word, color in _FIRST_LABELS.items()
        }

    @property
    def pulls(self) -> list[PullRequest]:
        """Every pull request, oldest first."""
        return [issue for issue in self.issues.values() if isinstance(issue, PullRequest)]

    def pull(self, number: int) -> PullRequest:
        """Return a pull request by its number; refused with 404 if there is none."""
        issue = self.issues.get(number)
        if not isinstance(issue, PullRequest):
            raise not_found()
        return issue

    def issue(self, number: int) -> Issue:
        """Return an issue or a pull request by its number; refused with 404 if there is none.

        With 410 if it was deleted, or the repository has no issues any more; with 301 if it is in
        another repository by now.
        https://docs.github.com/en/rest/issues/issues#get-an-issue
        """
        if number in self.gone_issues:
            raise _gone(self.gone_issues[number])
        if (issue := self.issues.get(number)) is None:
            raise not_found()
        if not isinstance(issue, PullRequest):
            self.demand_issues()
        return issue

    def demand_issues(self) -> None:
        """Refuse with 410 where the repository's issues are switched off."""
        if not self.has_issues:
            raise GitHubRefused("Issues are disabled for this repo", status=410)

    def comment(self, comment_id: int) -> Comment:
        """Return a comment by its id; refused with 404 if there is none, or no longer."""
        for issue in self.issues.values():
            for comment in issue.comments:
                if comment.id == comment_id:
                    return comment
        raise not_found()

    def check_run(self, run_id: int) -> CheckRun:
        """Return a check run by its id; refused with 404 if there is none."""
        for suite in self.suites:
            for run in suite.runs:
                if run.id == run_id:
                    return run
        raise not_found()

    def check_runs(self, sha: str) -> list[CheckRun]:
        """Return the newest check run of each App and name on a commit."""
        return [run for suite in self.suites_of(sha) for run in suite.latest_runs]

    def suites_of(self, sha: str) -> list[CheckSuite]:
        """Return the check suites on a commit."""
        return [suite for suite in self.suites if suite.head_sha == sha]

    def suite(self, app: App, sha: str) -> CheckSuite | None:
        """Return the check suite of an App on a commit."""
        return next((each for each in self.suites_of(sha) if each.app is app), None)

    def statuses(self, sha: str) -> list[CommitStatus]:
        """Return the statuses of a commit, newest first."""
        return [each for each in reversed(self.commit_statuses) if each.sha == sha]

    def combined_statuses(self, sha: str) -> list[CommitStatus]:
        """Return the newest status of each context on a commit."""
        return list({each.context: each for each in reversed(self.statuses(sha))}.values())


def _gone(now: Issue | None) -> GitHubRefused:
    if now is None:
        return GitHubRefused("This issue was deleted", status=410)
    return GitHubRefused("Moved Permanently", status=301, headers={"Location": now.url})
