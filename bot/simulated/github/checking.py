"""What Apps and people do to check runs: report, rerun, press their buttons."""

from typing import Any

from bot.simulated.github.accounts import Account
from bot.simulated.github.apps import App
from bot.simulated.github.branches import Move
from bot.simulated.github.checks import CheckRun, CheckSuite
from bot.simulated.github.git import NOWHERE
from bot.simulated.github.happenings import Announce, Happening
from bot.simulated.github.refusals import GitHubRefused
from bot.simulated.github.repositories import Repository
from bot.simulated.github.shapes.checks import check_run_json, check_suite_json


class Checks:
    """Announces what happens to checks; what a report may say is read in `check_reports`."""

    def __init__(self, announce: Announce, apps: dict[str, App]) -> None:
        self._announce = announce
        self._apps = apps

    async def branch_moved(self, move: Move) -> None:
        """Ask every App that writes checks for a suite on what was pushed."""
        if move.after == NOWHERE:
            return
        for app in self._apps.values():
            if app.may("checks", "write") and app.installation_on(move.repository):
                suite = self.suite(move.repository, app, move.after)
                suite.head_branch, suite.before = move.branch, move.before
                self.tell_suite(suite, "requested", move.actor, app.id)

    def suite(self, repository: Repository, app: App, sha: str) -> CheckSuite:
        """Return the App's suite on a commit, created if it is the first."""
        if (suite := repository.suite(app, sha)) is None:
            now = repository.platform.now()
            branch = next((pull.branch for pull in repository.pulls if pull.head_sha == sha), None)
            suite_id = repository.platform.next_id()
            suite = CheckSuite(suite_id, app, repository, sha, branch, None, now, now)
            repository.suites.append(suite)
        return suite

    def tell_run(self, run: CheckRun, action: str, actor: Account, **extra: Any) -> None:
        """Announce a check run; a person's wishes reach only the App that owns it."""
        repository = _repository(run.suite)
        payload = {"check_run": check_run_json(run, repository.pulls), **extra}
        suite = check_suite_json(run.suite, repository.pulls)
        payload["check_run"]["check_suite"] = suite
        only = run.app.id if action in ("rerequested", "requested_action") else None
        self._announce(
            Happening("check_run", action, actor, repository.owner, payload, repository, only)
        )

    def tell_suite(
        self, suite: CheckSuite, action: str, actor: Account, only: int | None = None
    ) -> None:
        """Announce a check suite."""
        repository = _repository(suite)
        payload = {"check_suite": check_suite_json(suite, repository.pulls)}
        self._announce(
            Happening("check_suite", action, actor, repository.owner, payload, repository, only)
        )

    def rerun(self, run: CheckRun, actor: Account) -> None:
        """Ask the App to run one check again; GitHub itself changes nothing but the suite."""
        run.repository.demand(actor, "write", "rerun checks")
        if run.status != "completed":
            raise GitHubRefused(f"The check {run.name} is not completed and cannot be rerun.")
        self.tell_run(run, "rerequested", actor)

    def rerun_all(self, suite: CheckSuite, actor: Account) -> None:
        """Ask the App to run its whole suite again."""
        suite.repository.demand(actor, "write", "rerun checks")
        self.tell_suite(suite, "rerequested", actor, suite.app.id)

    def click(self, run: CheckRun, actor: Account, identifier: str) -> None:
        """Press one of the buttons of a check run."""
        run.repository.demand(actor, "write", "use the buttons of checks")
        offered = [action.identifier for action in run.actions]
        if identifier not in offered:
            known = ", ".join(offered) or "none"
            raise GitHubRefused(f"The check {run.name} has no button {identifier}; it has {known}.")
        requested = {"identifier": identifier}
        self.tell_run(run, "requested_action", actor, requested_action=requested)


def _repository(suite: CheckSuite) -> Repository:
    if not isinstance(suite.repository, Repository):
        raise TypeError(f"check suite {suite.id} lies in no repository")
    return suite.repository
