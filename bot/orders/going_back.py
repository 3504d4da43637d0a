"""`/orbits rollback`: the tenants that a rollout moved go back to what they had, and are held."""

from collections.abc import Sequence
from functools import partial

from bot.commands.values import LAST_GOOD
from bot.orders.asked import (
    Act,
    Asked,
    Desk,
    Known,
    chosen_services,
    chosen_tenants,
    commit_named,
    counted,
    left_as_they_are,
    origin_of,
    the_rollouts,
)
from bot.report.suggestions import in_code
from bot.rollouts.affected import TenantFacts
from bot.rollouts.moves import Care, HeldBy, moves_of
from bot.rollouts.origin import Kind
from bot.rollouts.rows import back, begin, change, holds, lookup
from bot.rollouts.rows.back import NoWay, WayBack
from bot.rollouts.rows.begin import Beginning, Hand
from bot.store.tables import Deployment, Rollout
from resources.errors import Refused
from resources.fleet import Fleet

_MOST_ROWS = 100


async def rollback(desk: Desk, asked: Asked) -> Act:
    """Put tenants back to the revisions and variables from before, and hold them there."""
    to = asked.command.to
    back_to_before = to is None or to == LAST_GOOD
    sha = None if back_to_before else await commit_named(desk, asked.repository, to or "")
    return partial(_rollback, await Known.at(desk), asked, sha)


def _rollback(known: Known, asked: Asked, to: str | None, hand: Hand) -> str:
    rows = _what_moved(hand, asked)
    selector = asked.command.selector
    among = list(dict.fromkeys(name for row in rows for name in row.services))
    services = chosen_services(selector, known.fleet, among)
    _demand_a_way_back(known.fleet, services)
    moved = lookup.newest_of(hand.session, rows)
    tenants = chosen_tenants(selector, known.tenants, list(moved))
    chosen = [one for name, one in moved.items() if tenants is None or name in tenants]
    ways, stays = back.ways_back(hand.session, chosen, services, to)
    if not ways:
        raise Refused(f"Nobody can be rolled back: {left_as_they_are(stays)}.")
    if asked.command.dry_run:
        return _preview(ways, stays)
    if tenants is None:
        for row in rows:
            change.leave_out(hand, row, f"{asked.login} rolled it back before it began")
    _begin(hand, rows[-1], asked, ways, known.tenants)
    names = [way.tenant for way in ways]
    left = f"\n\nLeft as they are: {left_as_they_are(stays)}." if stays else ""
    held = "which is" if len(names) == 1 else "which are"
    return (
        f"Rolling back {counted(names)}, {held} held there then. The comment above says how it "
        f"ends.{left}"
    )


def _what_moved(hand: Hand, asked: Asked) -> list[Rollout]:
    """Answer the rollouts of the pull request that are no way back, the oldest first."""
    nothing = (
        f"#{asked.pull_request} has no rollout: there is nothing to go back from before the "
        "pull request is merged."
    )
    return [row for row in the_rollouts(hand, asked, nothing) if row.kind != Kind.ROLLBACK]


def _demand_a_way_back(fleet: Fleet, services: Sequence[str]) -> None:
    stuck = {name: fleet.service(name).no_way_back for name in services}
    if reasons := [f"{in_code(name)}: {why}" for name, why in stuck.items() if why]:
        raise Refused(
            f"There is no way back for {'; '.join(reasons)}. Merge what mends it instead."
        )


def _begin(
    hand: Hand,
    row: Rollout,
    asked: Asked,
    ways: Sequence[WayBack],
    everyone: list[TenantFacts],
) -> None:
    undoes = {"kind": Kind.ROLLBACK, "undoes": row.id}
    origin = origin_of(asked, row, "rollback").model_copy(update=undoes)
    targets = {way.tenant: way.target for way in ways}
    care = Care(lookup.policy_in(row.policy), hand.now, urgent=True)
    services = sorted({service for way in ways for service in way.target})
    moves = moves_of(targets, everyone, care)
    begun = begin.begin(hand, Beginning(origin, tuple(services), moves, policy=row.policy))
    why = holds.Placed(
        kind=HeldBy.HOLD,
        by=asked.login,
        reason=f"rollback of #{row.pull_request}" + (f", {origin.reason}" if origin.reason else ""),
        at=hand.now,
        pull_request=f"{row.repository}#{row.pull_request}",
    )
    for way in ways:
        deployment = hand.session.get_one(Deployment, (begun, way.tenant))
        deployment.variables_before = dict(way.variables)
        for service, revision in way.target.items():
            holds.place(hand.session, way.tenant, service, revision, why)


def _preview(ways: Sequence[WayBack], stays: Sequence[NoWay]) -> str:
    rows = ["| Tenant | Service | From → To |", "|---|---|---|"]
    for way in ways[:_MOST_ROWS]:
        for service, revision in way.target.items():
            has = way.has.get(service, "none")[:7]
            rows.append(f"| {way.tenant} | {service} | {has} → {revision[:7]} |")
    if len(ways) > _MOST_ROWS:
        rows.append(f"\n… and {len(ways) - _MOST_ROWS} more.")
    left = [f"Left as they are: {left_as_they_are(stays)}."] if stays else []
    head = f"{len(ways)} would be rolled back and held there; nothing was started."
    return "\n\n".join([head, "\n".join(rows), *left])
