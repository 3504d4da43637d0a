"""What a rollout does for each tenant: who goes in which wave, and who stays and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.report.suggestions import in_code
from bot.rollouts.affected import TenantFacts
from bot.rollouts.policy.freezes import frozen_at, frozen_until, why_frozen
from bot.rollouts.policy.limits import needs_approval, waits_for_approval
from bot.rollouts.policy.policy import Policy
from bot.rollouts.policy.together import policy_of
from bot.rollouts.policy.waves import waves_of
from bot.states import State


class HeldBy(StrEnum):
    """What keeps a tenant's deployment from going."""

    HOLD = "hold"
    PIN = "pin"
    FREEZE = "freeze"
    APPROVAL = "approval"
    LIMIT = "limit"
    PAUSE = "pause"


KEPT = (HeldBy.HOLD, HeldBy.PIN)
"""What keeps a tenant's service by a row of its own, until somebody lifts it."""


@dataclass(frozen=True)
class Kept:
    """A service of a tenant that stays where it is, as `why` says in a few words."""

    tenant: str
    service: str
    held_by: HeldBy
    why: str


@dataclass(frozen=True)
class Move:
    """One tenant's part: the revision of each service that it goes to, and when.

    `state` is `queued`, or `held` with what holds it. Waves count from 1.
    """

    tenant: str
    target: Mapping[str, str]
    reason: str
    wave: int = 1
    state: State = State.QUEUED
    held_by: HeldBy | None = None


@dataclass(frozen=True)
class Moves:
    """The parts of all tenants.

    `bakes` are the pauses after the waves. `stopped` says what the whole waits for, and
    `continue_at` when the first freeze of a tenant ends.
    """

    each: tuple[Move, ...] = ()
    bakes: tuple[timedelta, ...] = ()
    stopped: str = ""
    continue_at: datetime | None = None

    @property
    def goes(self) -> bool:
        """Whether anybody goes at once."""
        return any(move.state is State.QUEUED for move in self.each)


@dataclass(frozen=True)
class Care:
    """How careful a rollout is: the policy of its repository, and what stands in the way now.

    A way back is `urgent`: it waits for no freeze and for nobody's approval.
    """

    policy: Policy
    now: datetime
    kept: tuple[Kept, ...] = ()
    urgent: bool = False


def moves_of(
    targets: Mapping[str, Mapping[str, str]], tenants: Iterable[TenantFacts], care: Care
) -> Moves:
    """Decide how tenants get to `targets`, the revision of each service by tenant."""
    facts = {tenant.name: tenant for tenant in tenants if tenant.name in targets}
    kept: dict[str, dict[str, Kept]] = {}
    for each in care.kept:
        kept.setdefault(each.tenant, {})[each.service] = each
    moves = {name: _unless_kept(name, targets[name], kept.get(name, {})) for name in facts}
    thaws = {} if care.urgent else _freeze(moves, facts, care)
    going = [facts[name] for name, move in moves.items() if move.state is State.QUEUED]
    services = {service for target in targets.values() for service in target}
    policy = policy_of(care.policy, sorted(services))
    waves = waves_of(policy, going)
    for number, wave in enumerate(waves, start=1):
        for name in wave.tenants:
            moves[name] = replace(moves[name], wave=number)
    stopped = ""
    if not care.urgent and needs_approval(policy, len(going)):
        stopped = waits_for_approval(policy, len(going))
        for tenant in going:
            moves[tenant.name] = _held(moves[tenant.name], HeldBy.APPROVAL, "waits for approval")
    return Moves(
        each=tuple(sorted(moves.values(), key=lambda move: (move.wave, move.tenant))),
        bakes=tuple(wave.bake for wave in waves),
        stopped=stopped,
        continue_at=min(thaws.values(), default=None),
    )


def _unless_kept(tenant: str, target: Mapping[str, str], kept: Mapping[str, Kept]) -> Move:
    goes = {service: revision for service, revision in target.items() if service not in kept}
    stays = [kept[service] for service in target if service in kept]
    if not goes:
        reason = "; ".join(dict.fromkeys(each.why for each in stays))
        return _held(Move(tenant, target, ""), stays[0].held_by, reason)
    words = [f"{tenant} uses {' and '.join(goes)}"]
    words += [f"{in_code(each.service)} is {each.why}" for each in stays]
    return Move(tenant, goes, "; ".join(words))


def _freeze(
    moves: dict[str, Move], facts: Mapping[str, TenantFacts], care: Care
) -> dict[str, datetime]:
    """Hold those who are frozen, and answer when that ends for each of whom it is known."""
    going = [facts[name] for name, move in moves.items() if move.state is State.QUEUED]
    thaws = {}
    for name, freeze in frozen_at(care.policy, going, care.now).items():
        until = frozen_until(care.policy, facts[name], care.now)
        moves[name] = _held(moves[name], HeldBy.FREEZE, why_frozen(freeze, until))
        if until is not None:
            thaws[name] = until
    return thaws


def _held(move: Move, held_by: HeldBy, reason: str) -> Move:
    return replace(move, state=State.HELD, held_by=held_by, reason=reason)
