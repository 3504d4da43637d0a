"""The words of what GitHub is told of plans, rendered from their rows when they are sent."""

from collections.abc import Sequence

from sqlmodel import Session

from bot.github.answers import MOST_ANNOTATIONS, Annotation
from bot.outbox.rendering import Rendered
from bot.outbox.targets import Check, Comment
from bot.report.plan import plan_check, plan_comment
from bot.report.planned import PlanFacts, Standing
from bot.rollouts.plans.facts import facts_of_plan
from bot.rollouts.plans.notices import is_there
from bot.rollouts.plans.proposal import key_of
from bot.rollouts.policy.reading import POLICY_FILE
from bot.states import LIVE
from bot.store.tables import Plan


def render_check(session: Session, name: str, target: Check, untold: Sequence[str]) -> Rendered:
    """Render the check of a plan, also on a commit that another one has taken the target of."""
    row = session.get(Plan, name)
    if row is None:
        return Rendered(None)
    facts = facts_of_plan(row, target.sha)
    if facts.standing is Standing.SUPERSEDED and not is_there(session, target.key):
        return Rendered(None)
    words = plan_check(facts, untold)
    run = target.saying(words, annotations=_annotations(facts))
    return Rendered(run, final=facts.standing is not Standing.GOES_ON)


def render_comment(session: Session, repository: str, number: int, target: Comment) -> Rendered:
    """Render the comment of a pull request that is not merged.

    One that reaches nobody says so only where a comment is there already; nor does one that is
    being planned disturb what was said before.
    """
    row = session.get(Plan, key_of(repository, number))
    if row is None or row.closed == "merged":
        return Rendered(None)
    if row.state in LIVE:
        return Rendered(None, final=False)
    facts = facts_of_plan(row)
    says_something = facts.standing is Standing.DONE and (facts.tenants or facts.refused)
    if not says_something and not is_there(session, target.key):
        return Rendered(None)
    return Rendered(plan_comment(facts))


def _annotations(facts: PlanFacts) -> tuple[Annotation, ...]:
    """Mark the lines of an `orbits.toml` that the change brings itself."""
    if not facts.own_policy or facts.standing is not Standing.DONE:
        return ()
    return tuple(
        Annotation(
            path=POLICY_FILE,
            start_line=each.line or 1,
            end_line=each.line or 1,
            level="warning" if each.is_warning else "failure",
            message=each.sentence,
        )
        for each in facts.problems[:MOST_ANNOTATIONS]
    )
