"""`/orbits deploy`: tenants get the commit of the merge, those rolled back from it included."""

from functools import partial

from bot.orders.asked import (
    Act,
    Asked,
    Desk,
    Known,
    chosen_services,
    chosen_tenants,
    counted,
    left_as_they_are,
    origin_of,
    the_rollouts,
)
from bot.rollouts.moves import Care, moves_of
from bot.rollouts.origin import Kind
from bot.rollouts.rows import again, begin, change, holds, lookup
from bot.rollouts.rows.again import Lacking, Merged
from bot.rollouts.rows.begin import Beginning, Hand
from resources.errors import Refused

_ABOVE = "The comment above says how it ends."


async def deploy(desk: Desk, asked: Asked) -> Act:
    """Bring the merge's commit to tenants who lack it, or lack it again, and lift their holds."""
    merge, around = await desk.rollouts.database.read(
        lambda session: again.merge_and_around(session, asked.repository, asked.pull_request)
    )
    holds_it = {
        each: await desk.github.contains(merge.repository, each, merge.sha)
        for each in around
        if merge is not None
    }
    return partial(_deploy, await Known.at(desk), asked, holds_it)


def _deploy(known: Known, asked: Asked, holds_it: dict[str, bool], hand: Hand) -> str:
    merged = _merged(asked, holds_it, hand)
    row = merged.merges[-1]
    services = chosen_services(asked.command.selector, known.fleet, merged.merges[0].services)
    lacking = _lacking(known, asked, merged, services, hand)
    names = lacking.tenants
    left = left_as_they_are([*lacking.waits, *lacking.has])
    if not names:
        raise Refused(f"Nobody is left to deploy #{asked.pull_request} to: {left}.")
    if not asked.command.force:
        change.demand_no_freeze(hand, row, names)
    left = f"\n\nLeft as they are: {left}." if left else ""
    if asked.command.dry_run:
        return f"It would be deployed to {counted(names)}; nothing was started.{left}"
    holds.lift(hand.session, names, services)
    for back in merged.rows:
        if back.kind == Kind.ROLLBACK:
            change.leave_out(hand, back, f"{asked.login} deployed it again", names)
    for rollout_id, tenants in lacking.goes_on.items():
        change.go_on(hand, lookup.rollout(hand.session, rollout_id), tenants)
    waits = _begin(known, asked, merged, lacking, hand) if lacking.anew else ""
    how = f"That {waits}." if waits else _ABOVE
    return f"Deploying to {counted(names)}. {how}{left}"


def _merged(asked: Asked, holds_it: dict[str, bool], hand: Hand) -> Merged:
    """Answer the merge as it stands; raises `Refused` where there is nothing to deploy."""
    name = f"#{asked.pull_request}"
    nothing = f"{name} has no rollout: it begins when the pull request is merged."
    merged = Merged(
        the_rollouts(hand, asked, nothing), [sha for sha, holds in holds_it.items() if holds]
    )
    if not merged.merges:
        raise Refused(nothing)
    first = merged.merges[0]
    if not lookup.deployments(hand.session, first.id):
        why = first.stopped or "it changes nothing that a tenant uses: `/orbits explain` says why"
        raise Refused(f"The rollout of {name} reaches nobody: {why.removesuffix('.')}.")
    if set(again.commits_around(hand.session, first)) - set(holds_it):
        raise Refused(
            "Something else was merged or deployed just now: look at how things stand, and type "
            "it again if it is still what you want."
        )
    return merged


def _lacking(
    known: Known, asked: Asked, merged: Merged, services: list[str], hand: Hand
) -> Lacking:
    there = {each.name for each in known.tenants}
    among = [name for name in lookup.newest_of(hand.session, merged.merges) if name in there]
    tenants = chosen_tenants(asked.command.selector, known.tenants, among)
    force = asked.command.force
    chosen = among if tenants is None else tenants
    return again.who_lacks(hand.session, merged, chosen, services, force=force)


def _begin(known: Known, asked: Asked, merged: Merged, lacking: Lacking, hand: Hand) -> str:
    """Begin a rollout for those who lack it again; answer what it waits for, if anything."""
    row = merged.merges[-1]
    newer = {"contained_in": sorted(merged.newer)}
    origin = origin_of(asked, row, "deploy").model_copy(update=newer)
    policy = lookup.policy_in(row.policy)
    if asked.command.force:
        policy = policy.model_copy(update={"freezes": ()})
    targets = {name: dict.fromkeys(lacks, row.sha) for name, lacks in lacking.anew.items()}
    moves = moves_of(targets, known.tenants, Care(policy, hand.now))
    going = {name for target in targets.values() for name in target}
    services = [name for name in merged.merges[0].services if name in going]
    beginning = Beginning(origin, tuple(services), moves, policy=row.policy, once_more=True)
    begin.begin(hand, beginning)
    return moves.stopped
