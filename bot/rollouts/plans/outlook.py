"""Whom a proposal would reach, in which wave, and who would stay as they are: pure decisions."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from bot.rollouts.affected import Affected, Because, TenantFacts, affected_by
from bot.rollouts.moves import Care, HeldBy, Kept, Move, moves_of
from bot.rollouts.plans.proposal import Proposal
from bot.rollouts.policy.fitting import problems_with
from bot.rollouts.policy.policy import Policy
from bot.rollouts.policy.problems import PolicyRefused, Problem
from bot.rollouts.policy.reading import read_policy
from resources.fleet import Service

MOST_EXCLUDED = 200
"""So many of those who are not affected are named."""

_STAYS = {HeldBy.HOLD: "held", HeldBy.PIN: "held", HeldBy.FREEZE: "frozen"}


class Prospect(BaseModel):
    """One tenant's part: the services it would get, in which wave, or what it `keeps` for now."""

    model_config = ConfigDict(frozen=True)

    tenant: str
    services: tuple[str, ...]
    wave: int | None = None
    keeps: str | None = None
    reason: str = ""


class Excluded(BaseModel):
    """Who is not affected, and why."""

    model_config = ConfigDict(frozen=True)

    name: str
    reason: str


class Finding(BaseModel):
    """What is wrong with `orbits.toml`, or, as a warning, only odd."""

    model_config = ConfigDict(frozen=True)

    sentence: str
    line: int | None = None
    is_warning: bool = False


class Outlook(BaseModel):
    """What merging would do, as far as the rows alone tell it; it is kept as JSON."""

    model_config = ConfigDict(frozen=True)

    services: tuple[str, ...] = ()
    prospects: tuple[Prospect, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    left_out: int = 0
    pauses: bool = False
    stopped: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether `orbits.toml` cannot be used, so that nobody would be moved."""
        return any(not finding.is_warning for finding in self.findings)

    @property
    def to_ask(self) -> list[str]:
        """The tenants whose stacks are worth asking, in the order in which they would go."""
        return [] if self.refused else [one.tenant for one in self.prospects if one.keeps != "held"]

    def of(self, tenant: str) -> Prospect | None:
        """Answer a tenant's part."""
        return next((one for one in self.prospects if one.tenant == tenant), None)


def outlook_of(
    proposal: Proposal,
    services: Sequence[Service],
    tenants: Sequence[TenantFacts],
    kept: Sequence[Kept],
    now: datetime,
) -> Outlook:
    """Answer what merging a proposal would do."""
    affected = affected_by(proposal.change, services, tenants)
    excluded = [
        Excluded(name=verdict.tenant or verdict.service, reason=verdict.sentence)
        for verdict in affected.verdicts
        if not verdict.affected and verdict.because is not Because.OTHER_REPOSITORY
    ]
    outlook = Outlook(
        services=affected.services,
        excluded=tuple(excluded[:MOST_EXCLUDED]),
        left_out=max(0, len(excluded) - MOST_EXCLUDED),
    )
    policy, findings = _policy(proposal, [service.name for service in services], tenants)
    outlook = outlook.model_copy(update={"findings": findings})
    if policy is None:
        return outlook
    return outlook.model_copy(
        update=_reach(proposal, affected, tenants, Care(policy, now, tuple(kept)))
    )


def _reach(
    proposal: Proposal, affected: Affected, tenants: Iterable[TenantFacts], care: Care
) -> dict[str, object]:
    targets = affected.targets(proposal.head_sha)
    moves = moves_of(targets, tenants, care)
    return {
        "prospects": tuple(_prospect(move, len(targets[move.tenant])) for move in moves.each),
        "pauses": any(moves.bakes),
        "stopped": moves.stopped,
    }


def _prospect(move: Move, wanted: int) -> Prospect:
    keeps = _STAYS.get(move.held_by) if move.held_by else None
    partly = keeps is None and move.held_by is None and len(move.target) < wanted
    return Prospect(
        tenant=move.tenant,
        services=tuple(move.target),
        wave=None if keeps else move.wave,
        keeps=keeps,
        reason=move.reason if keeps or partly else "",
    )


def _policy(
    proposal: Proposal, services: Sequence[str], tenants: Sequence[TenantFacts]
) -> tuple[Policy | None, tuple[Finding, ...]]:
    """Answer the policy, `None` where there is none to go by, and what is to be said of it.

    What names a service that there is not is told as a warning, since a rollout goes on without
    it. Whoever does not touch the file is not bothered with warnings.
    """
    if proposal.unreadable:
        return None, (Finding(sentence=proposal.unreadable),)
    try:
        policy = read_policy(proposal.policy)
    except PolicyRefused as refused:
        return None, tuple(_finding(each, is_warning=False) for each in refused.problems)
    odd = problems_with(policy, services, tenants, proposal.policy) if proposal.own_policy else ()
    return policy, tuple(_finding(each, is_warning=True) for each in odd)


def _finding(problem: Problem, *, is_warning: bool) -> Finding:
    return Finding(sentence=problem.sentence, line=problem.line, is_warning=is_warning)
