"""What is left when a story is over, in words that are the same in every telling of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from bot.demo.agency import Agency
from bot.simulated.github import CheckRun, PullRequest
from bot.simulated.github.issues import Comment
from bot.store.tables import Deployed, Hold, Rollout
from tests.stories.world import DURATION, HOME, OF_TENANT, RUN


@dataclass(frozen=True)
class EndState:
    """The world as people find it; commits are named after the pull request that they are of."""

    revisions: dict[str, str]
    kept: dict[str, str]
    rollouts: list[str]
    checks: list[str]
    comments: list[str]
    reactions: list[str]
    environments: list[str]
    open_checks: list[str]


@dataclass(frozen=True)
class Telling:
    """One telling of a story: where it was told, and what people proposed and wrote there."""

    agency: Agency
    session: Session
    pulls: Sequence[PullRequest]
    typed: Sequence[Comment]
    commits: Mapping[str, str] = field(default_factory=dict)
    """What else commits are called."""

    def end_state(self) -> EndState:
        """Answer what is left of it."""
        repository = self.agency.backend
        rollouts = self.session.exec(select(Rollout).order_by(col(Rollout.number)))
        return EndState(
            revisions={
                f"{row.service} of {row.tenant}": self._named(row.revision)
                for row in self.session.exec(select(Deployed))
            },
            kept={
                f"{row.service} of {row.tenant}": self._named(
                    f"{row.kind} at {row.revision} by {row.placed_by}: {row.reason}"
                )
                for row in self.session.exec(select(Hold))
            },
            rollouts=[f"{row.kind} of #{row.pull_request}: {row.state}" for row in rollouts],
            checks=[
                f"#{pull.number}: {told}"
                for pull in self.pulls
                for told in sorted(map(self._told, self._checks_of(pull)))
            ],
            comments=[
                f"#{pull.number}: {self._named(each.body)}"
                for pull in self.pulls
                for each in sorted(pull.comments, key=lambda comment: comment.body)
                if each.author is self.agency.app.bot
            ],
            reactions=[
                f"{self._named(each.body)}: {sorted(mark.content for mark in each.reactions)}"
                for each in self.typed
            ],
            environments=sorted(
                f"{self._named(each.sha)} on {each.environment}: {each.statuses[-1].state}"
                for each in repository.deployments
            ),
            open_checks=[
                run.name
                for suite in repository.suites
                for run in suite.runs
                if run.status != "completed"
            ],
        )

    def _checks_of(self, pull: PullRequest) -> list[CheckRun]:
        """Answer every check on what a pull request was merged as, or on what it proposes."""
        sha = pull.merge_commit_sha if pull.merged else pull.head_sha
        return [run for suite in self.agency.backend.suites_of(str(sha)) for run in suite.runs]

    def _told(self, check: CheckRun) -> str:
        # What a tenant's own check prints is in its summary already.
        text = "" if check.name.startswith(OF_TENANT) else check.text
        words = f"{check.title}\n{check.summary}\n{text}"
        return f"{check.name} is {check.conclusion}: {self._named(words)}"

    def _named(self, text: str) -> str:
        """Answer a text without what chance or the clock puts into it."""
        names = {pull.merge_commit_sha: f"merge of #{pull.number}" for pull in self.pulls}
        names |= {pull.head_sha: f"head of #{pull.number}" for pull in self.pulls}
        for sha, name in (names | dict(self.commits)).items():
            text = re.sub(rf"{sha[:7]}[0-9a-f]*", f"<{name}>", text) if sha else text
        ids = "|".join(str(comment.id) for comment in self.typed)
        text = re.sub(rf"\b({ids})\b", "<comment>", text) if ids else text
        text = text.replace(str(self.agency.home), HOME)
        return DURATION.sub(r"\g<1>0s", re.sub(r"run [0-9a-f]{8,24}\b", RUN, text))
