"""Commands that keep tenants where they are, and let them go again: hold, unhold, pin, unpin."""

from functools import partial

from bot.orders.asked import (
    Act,
    Asked,
    Desk,
    Known,
    chosen_services,
    chosen_tenants,
    commit_named,
    counted,
    end_of,
)
from bot.report.suggestions import in_code, listed
from bot.rollouts.moves import Care, HeldBy, moves_of
from bot.rollouts.origin import Kind, Origin
from bot.rollouts.policy.policy import Policy
from bot.rollouts.rows import begin, holds, lookup
from bot.rollouts.rows.begin import Beginning, Hand
from resources.errors import Refused


async def hold(desk: Desk, asked: Asked) -> Act:
    """Keep tenants back from later merges."""
    return partial(_hold, await Known.at(desk), asked)


async def unhold(desk: Desk, asked: Asked) -> Act:
    """Let later merges reach tenants again."""
    return partial(_lift, await Known.at(desk), asked, HeldBy.HOLD)


async def unpin(desk: Desk, asked: Asked) -> Act:
    """Let tenants follow merges again."""
    return partial(_lift, await Known.at(desk), asked, HeldBy.PIN)


async def pin(desk: Desk, asked: Asked) -> Act:
    """Keep a service of tenants on one commit, and bring it there."""
    (service,) = chosen_services(
        asked.command.selector, desk.fleet, [each.name for each in desk.fleet.services]
    )
    repository = desk.fleet.service(service).repository
    sha = await commit_named(desk, repository, asked.command.to or "")
    return partial(_pin, await Known.at(desk), asked, service, sha)


def _hold(known: Known, asked: Asked, hand: Hand) -> str:
    tenants, services = _meant(known, asked)
    why = _placed(asked, hand, HeldBy.HOLD)
    for tenant in tenants:
        has = {row.service: row.revision for row in lookup.deployed(hand.session, tenant)}
        for service in services:
            holds.place(hand.session, tenant, service, has.get(service), why)
    until = f" until {why.until:%Y-%m-%d %H:%M} UTC" if why.until else ""
    return f"Held{until}: {counted(tenants)}. Later merges leave {listed(services)} as it is there."


def _lift(known: Known, asked: Asked, kind: HeldBy, hand: Hand) -> str:
    tenants, services = _meant(known, asked)
    lifted = holds.lift(hand.session, tenants, services, [kind])
    if not lifted:
        word = "pinned" if kind is HeldBy.PIN else "held"
        raise Refused(f"Nothing of {counted(tenants)} is {word}. Nothing was changed.")
    names = list(dict.fromkeys(tenant for tenant, _ in lifted))
    return (
        f"Let go: {counted(names)}. The next merge reaches them; `/orbits deploy` on a merged pull "
        "request brings them to it now."
    )


def _pin(known: Known, asked: Asked, service: str, sha: str, hand: Hand) -> str:
    tenants, _ = _meant(known, asked)
    why = _placed(asked, hand, HeldBy.PIN)
    away = []
    for tenant in tenants:
        has = {row.service: row.revision for row in lookup.deployed(hand.session, tenant)}
        holds.place(hand.session, tenant, service, sha, why)
        away += [tenant] if has.get(service) != sha else []
    if away:
        _bring(hand, known, asked, {tenant: {service: sha} for tenant in away})
    moved = f" {counted(away)} {'is' if len(away) == 1 else 'are'} brought there." if away else ""
    return f"Pinned {in_code(service)} to {sha[:7]}: {counted(tenants)}.{moved}"


def _bring(
    hand: Hand,
    known: Known,
    asked: Asked,
    targets: dict[str, dict[str, str]],
) -> None:
    (service,) = {name for target in targets.values() for name in target}
    (sha,) = {revision for target in targets.values() for revision in target.values()}
    origin = Origin(
        kind=Kind.PIN,
        key=f"pin/{asked.key}",
        repository=known.fleet.service(service).repository,
        branch=known.fleet.service(service).branch,
        sha=sha,
        pull_request=_pull_request(known, service, asked),
        title=f"Pin {service} to {sha[:7]}",
        author=asked.login,
        asked_by=asked.login,
        url="",
        reason=asked.command.reason,
    )
    moves = moves_of(targets, known.tenants, Care(Policy(), hand.now, urgent=True))
    begin.begin(hand, Beginning(origin, (service,), moves))


def _pull_request(known: Known, service: str, asked: Asked) -> int | None:
    """Answer the pull request that is told of it, if it was asked for on one of the service."""
    here = known.fleet.service(service).repository.lower() == asked.repository.lower()
    return asked.pull_request if here and not asked.is_on_issue else None


def _meant(known: Known, asked: Asked) -> tuple[list[str], list[str]]:
    selector = asked.command.selector
    names = [each.name for each in known.fleet.services]
    here = [
        each.name
        for each in known.fleet.services
        if each.repository.lower() == asked.repository.lower()
    ]
    # The issue of a drift may be in a repository from which nothing is deployed.
    among = names if selector.names_services or not here else here
    services = chosen_services(selector, known.fleet, among)
    tenants = chosen_tenants(selector, known.tenants)
    return tenants or [], services


def _placed(asked: Asked, hand: Hand, kind: HeldBy) -> holds.Placed:
    return holds.Placed(
        kind=kind,
        by=asked.login,
        reason=asked.reason,
        at=hand.now,
        pull_request=f"{asked.repository}#{asked.pull_request}",
        until=end_of(asked.command.until, hand.now),
    )
