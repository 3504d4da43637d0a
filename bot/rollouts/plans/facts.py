"""From the row of a plan to the facts that its report tells."""

from typing import Any, Literal, cast

from bot.report.facts import ExcludedFacts, PullRequestFacts
from bot.report.planned import (
    ChangeFacts,
    PlanFacts,
    ProblemFacts,
    Said,
    Standing,
    TenantPlanFacts,
)
from bot.rollouts.plans.answers import Answer
from bot.rollouts.plans.outlook import Outlook, Prospect
from bot.rollouts.plans.proposal import Proposal
from bot.states import LIVE, State
from bot.store.tables import Plan

_SAID = {"planned": Said.PLANNED, "not-said": Said.NOT_SAID, "failed": Said.FAILED}


def facts_of_plan(row: Plan, sha: str | None = None) -> PlanFacts:
    """Answer what is recorded of a plan, seen from its commit or from an earlier one."""
    proposal, outlook = Proposal.model_validate(row.proposal), Outlook.model_validate(row.outlook)
    pull = proposal.pull_request
    standing = _standing(row, sha or row.head_sha)
    return PlanFacts(
        services=outlook.services,
        revision=sha or row.head_sha,
        base=proposal.base,
        standing=standing,
        tenants=tuple(
            _tenant(each, row.said.get(each.tenant), standing) for each in outlook.prospects
        ),
        excluded=tuple(ExcludedFacts(each.name, each.reason) for each in outlook.excluded),
        left_out=outlook.left_out,
        pull_request=PullRequestFacts(pull, proposal.title, proposal.author) if pull else None,
        group=pull is None,
        pauses=outlook.pauses,
        stopped=outlook.stopped,
        own_policy=proposal.own_policy,
        problems=tuple(
            ProblemFacts(each.sentence, each.line, each.is_warning) for each in outlook.findings
        ),
        not_asked=proposal.not_asked,
        closed=row.closed == "closed",
        problem=row.problem or "",
        after=row.head_sha,
    )


def _standing(row: Plan, sha: str) -> Standing:
    if sha != row.head_sha:
        return Standing.SUPERSEDED
    if row.state in LIVE:
        return Standing.GOES_ON
    if row.state == State.CANCELLED:
        left = {"merged": Standing.MERGED, "closed": Standing.CLOSED}
        return left.get(row.closed or "", Standing.CANCELLED)
    return Standing.DONE


def _tenant(prospect: Prospect, said: Any, standing: Standing) -> TenantPlanFacts:
    keeps = cast("Literal['held', 'frozen'] | None", prospect.keeps)
    if said is None:
        waits = standing is Standing.GOES_ON and keeps != "held"
        return TenantPlanFacts(
            tenant=prospect.tenant,
            said=Said.WAITING if waits else Said.NOT_ASKED,
            wave=prospect.wave,
            keeps=keeps,
            reason=prospect.reason,
        )
    answer = Answer.model_validate(said)
    return TenantPlanFacts(
        tenant=prospect.tenant,
        said=_SAID[answer.state],
        wave=prospect.wave,
        keeps=keeps,
        reason=prospect.reason,
        changes=answer.changes,
        destructive=answer.destructive,
        first=tuple(ChangeFacts(each.path, each.act) for each in answer.first),
        problem=answer.problem,
    )
