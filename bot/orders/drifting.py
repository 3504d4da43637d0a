"""Commands about drift: look now, note that it is known, accept it, repair it."""

from collections.abc import Sequence
from functools import partial

from bot.drift import fixes, rows, watching
from bot.drift.hand import Hand as DriftHand
from bot.drift.records import Drifts
from bot.drift.wanted import desired_of
from bot.orders.asked import Act, Asked, Desk, counted, end_of
from bot.report.drift import counted as count_of
from bot.report.drift import moment
from bot.report.suggestions import listed
from bot.rollouts.affected import TenantFacts
from bot.rollouts.rows.begin import Hand
from bot.rollouts.selectors import select
from bot.store.tables import Drift
from resources.errors import Refused

_WHOLE = " A look is at the whole stack of a tenant, and not at one service."


async def check(desk: Desk, asked: Asked) -> Act:
    """Look now whether tenants are as they should be."""
    everyone = await desk.rollouts.tenants()
    among = asked.tenants
    if not asked.is_on_issue:
        known = await desk.rollouts.tenants_of(asked.about) if asked.about else set()
        planned = await desk.plans.tenants_of(asked.repository, asked.pull_request)
        among = tuple(sorted(known or planned))
    return partial(_check, desk.drifts, asked, meant_by(asked, everyone, among))


async def acknowledge(desk: Desk, asked: Asked) -> Act:
    """Note that somebody knows of a drift."""
    return partial(_acknowledge, asked, await _meant(desk, asked))


async def ignore(desk: Desk, asked: Asked) -> Act:
    """Accept differences as they are."""
    return partial(_ignore, asked, await _meant(desk, asked))


async def fix(desk: Desk, asked: Asked) -> Act:
    """Bring what drifted back to what it should be."""
    return partial(_fix, desk.drifts, asked, await _meant(desk, asked))


def meant_by(asked: Asked, everyone: list[TenantFacts], among: Sequence[str]) -> list[str]:
    """Answer the tenants that a command means; raises `Refused` where there is nobody.

    They are those of the issue, or of the pull request, unless it names some.
    """
    selector, where = asked.command.selector, f"this {asked.place}"
    if not among and not selector.names_tenants:
        raise Refused(f"{where.capitalize()} is about nobody: name the tenants that you mean.")
    if not selector.names_tenants:
        return list(among)
    chosen = list(select(selector, everyone))
    if asked.is_on_issue and among:
        chosen = [name for name in among if name in set(chosen)]
    if not chosen:
        raise Refused(f"`{selector}` means nobody of {where}, which is about {listed(among)}.")
    return chosen


async def _meant(desk: Desk, asked: Asked) -> list[str]:
    return meant_by(asked, await desk.rollouts.tenants(), asked.tenants)


def _check(drifts: Drifts, asked: Asked, tenants: list[str], hand: Hand) -> str:
    known = [name for name in tenants if desired_of(hand.session, name) is not None]
    if not known:
        raise Refused(f"Nothing is deployed to {listed(tenants)}: there is nothing to look at.")
    watching.ask(_of_drift(drifts, hand), known)
    where = "here" if asked.is_on_issue else "in an issue for each tenant that drifts"
    whole = _WHOLE if asked.command.selector.names_services else ""
    return f"Looking now at {counted(known)}. What differs is told {where}.{whole}"


def _acknowledge(asked: Asked, tenants: list[str], hand: Hand) -> str:
    command, until = asked.command, end_of(asked.command.until, hand.now)
    drifting = _drifting(hand, asked, tenants)
    for row in drifting:
        rows.acknowledge(hand.session, row.tenant, asked.login, command.reason, until)
    end = f"until {moment(until)}, or until it changes" if until else "until it changes"
    return f"Acknowledged {end}: {counted(_names(drifting))}."


def _ignore(asked: Asked, tenants: list[str], hand: Hand) -> str:
    command, until = asked.command, end_of(asked.command.until, hand.now)
    drifting = _drifting(hand, asked, tenants)
    for row in drifting:
        rows.ignore(hand.session, row.tenant, asked.login, command.reason, until, hand.now)
    end = f" until {moment(until)}" if until else ""
    return (
        f"Accepted as it is{end}: {counted(_names(drifting))}. The issue is closed; what differs "
        "in another way later is told again."
    )


def _fix(drifts: Drifts, asked: Asked, tenants: list[str], hand: Hand) -> str:
    drifting = _drifting(hand, asked, tenants)
    if asked.command.dry_run:
        lines = [f"- `{row.tenant}`: {count_of(row.total, 'difference')}" for row in drifting]
        return "\n".join(["This would be repaired; nothing was started:", "", *lines])
    of_drift = _of_drift(drifts, hand)
    begun = [
        row.tenant
        for row in drifting
        if fixes.begin(of_drift, row, asked.login, force=asked.command.force)
    ]
    already = [row.tenant for row in drifting if row.tenant not in begun]
    if not begun:
        raise Refused(f"{counted(already)} {_is(already)} being repaired already.")
    more = f" {counted(already)} {_is(already)} being repaired already." if already else ""
    return (
        f"Repairing {counted(begun)}: what is recorded is brought about again, and looked at. "
        f"The issue is closed when nothing differs any more.{more}"
    )


def _drifting(hand: Hand, asked: Asked, tenants: list[str]) -> list[Drift]:
    """Answer the open drifts that are told of in this repository, whose roles were asked."""
    drifting = rows.drifting(hand.session, tenants)
    if not drifting:
        have = "has" if len(tenants) == 1 else "have"
        raise Refused(f"{counted(tenants)} {have} no open drift. Nothing was changed.")
    here = asked.repository.lower()
    elsewhere = [row for row in drifting if row.repository.lower() != here]
    if elsewhere:
        where = sorted({row.repository for row in elsewhere})
        raise Refused(
            f"The drift of {counted(_names(elsewhere))} is told of in {listed(where)}: comment on "
            "the issue there. Nothing was changed."
        )
    return drifting


def _is(tenants: Sequence[str]) -> str:
    return "is" if len(tenants) == 1 else "are"


def _names(drifting: Sequence[Drift]) -> list[str]:
    return [row.tenant for row in drifting]


def _of_drift(drifts: Drifts, hand: Hand) -> DriftHand:
    """Answer what rows of drift are changed with, in the transaction of a command."""
    return DriftHand(
        hand.session,
        hand.now,
        drifts.queue,
        drifts.fleet.services,
        drifts.new_look,
        drifts.new_fix,
        drifts.at_once,
    )
