"""The words of what GitHub is told of rollouts, rendered from their rows when they are sent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlmodel import Session

from bot.engine.clock import Clock
from bot.github.answers import MOST_ACTIONS, CheckAction
from bot.outbox.budget import Pace
from bot.outbox.rendering import Render, Rendered
from bot.outbox.targets import Check, Comment, Environment
from bot.report.check import check
from bot.report.comment import comment
from bot.report.facts import RolloutFacts
from bot.report.sections import what_goes_where
from bot.report.verdict import tally
from bot.rollouts.annotations import annotations_of
from bot.rollouts.facts import deployment_facts, facts_of
from bot.rollouts.notices import PULL_REQUEST, ROLLOUT
from bot.rollouts.plans.notices import PLAN, is_there
from bot.rollouts.plans.reports import render_check
from bot.rollouts.plans.reports import render_comment as render_plan
from bot.rollouts.rows import lookup
from bot.rollouts.tenant_notices import DEPLOYMENT, rendered
from bot.store.tables import Deployment, Rollout

NOTHING = Rendered(None)

BUTTONS = {
    "approve": CheckAction("Approve", "Let the rollout begin", "approve"),
    "retry": CheckAction("Retry failed", "Deploy again where it failed", "retry"),
    "resume": CheckAction("Resume", "Go on with those who have not begun", "resume"),
    "rollback": CheckAction("Roll back", "Put every tenant back that it moved", "rollback"),
}
"""The commands that may be given by pressing a button on the check."""


def button(verb: str, leg: int) -> CheckAction:
    """Answer the button of a verb, which says in which leg it was there to be pressed."""
    return replace(BUTTONS[verb], identifier=f"{verb}-{leg}")


@dataclass(frozen=True)
class Reports:
    """Renders what is told of rollouts; `pace` says how long a large one rests in between."""

    clock: Clock
    pace: Pace

    @property
    def renderers(self) -> dict[str, Render]:
        """What renders which source."""
        return {
            ROLLOUT: self.check,
            PULL_REQUEST: self.comment,
            PLAN: render_check,
            DEPLOYMENT: self.tenant,
        }

    def check(self, session: Session, name: str, target: Check, untold: Sequence[str]) -> Rendered:
        """Render the check of one rollout, and in it what could not be written elsewhere."""
        row = session.get(Rollout, name)
        if row is None:
            return NOTHING
        facts = facts_of(session, name)
        words = check(facts, untold)
        buttons = tuple(button(verb, row.leg) for verb in facts.buttons[:MOST_ACTIONS])
        completed = words.status == "completed"
        annotations = annotations_of(row, facts.deployments) if completed else ()
        run = target.saying(words, actions=buttons, annotations=annotations)
        return Rendered(run, facts.state.terminal, self._rest(facts))

    def tenant(
        self, session: Session, name: str, target: Check | Environment, untold: Sequence[str]
    ) -> Rendered:
        """Render what is said of one tenant of a rollout."""
        del untold
        rollout_id, _, tenant = name.partition("/")
        row, one = session.get(Rollout, rollout_id), session.get(Deployment, (rollout_id, tenant))
        if row is None or one is None:
            return NOTHING
        facts = deployment_facts(row, one)
        if isinstance(target, Environment):
            return rendered(facts, target)
        return rendered(facts, target, annotations_of(row, [facts]))

    def comment(
        self, session: Session, name: str, target: Comment, untold: Sequence[str]
    ) -> Rendered:
        """Render the comment of a pull request: its newest rollout that reaches anybody.

        Before there is any, it tells what merging would do. Whoever was told so is also told that
        a rollout reaches nobody; else there is nothing to say of one.
        """
        del untold
        repository, _, number = name.rpartition("#")
        rows = lookup.rollouts_of(session, repository, int(number))
        if not rows:
            return render_plan(session, repository, int(number), target)
        every = [facts_of(session, row.id) for row in rows]
        told = next((facts for facts in reversed(every) if facts.deployments), None)
        final = all(facts.state.terminal for facts in every)
        if told is None:
            words = comment(every[-1]) if is_there(session, target.key) else None
            return Rendered(words, final)
        earlier = tuple(
            f"{what_goes_where(facts)}: {tally(facts)}"
            for facts in every
            if facts is not told and facts.deployments
        )
        return Rendered(comment(replace(told, earlier=earlier)), final, self._rest(told))

    def _rest(self, facts: RolloutFacts) -> timedelta:
        now = self.clock.now()
        return self.pace.debounce(len(facts.deployments), now - (facts.started or now))
