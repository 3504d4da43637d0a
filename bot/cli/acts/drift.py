"""`orbits drift`: who is looked at and what was found, for people and for machines."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from rich.table import Table
from sqlmodel import Session

from bot.cli.acts.tables import print_table
from bot.cli.acts.typist import who_types
from bot.drift import watching
from bot.drift.hand import Hand
from bot.drift.looking import new_look
from bot.drift.mending import new_fix
from bot.drift.records import look_now
from bot.drift.wanted import with_something
from bot.engine.clock import SystemClock
from bot.engine.journal.asking import RunQueue
from bot.parts import dispatch_of
from bot.report.suggestions import listed
from bot.rollouts.selectors import parse_selector, select
from bot.rollouts.tenants import facts_of_tenants
from bot.settings import StoreSettings, read_settings
from bot.store import schema
from bot.store.database import Database
from bot.store.tables import Drift, Watch

T = TypeVar("T")

_NOT_YET = "watched as soon as the bot works"
_NOTHING = "nothing is deployed yet"


def print_drifts(who: Sequence[str], *, as_json: bool) -> None:
    """Print who is watched; raises `Refused` where a selector means nobody."""

    def look(hand: Hand) -> tuple[list[dict[str, object]], list[str]]:
        told = [_told(hand.session, name) for name in _meant(hand, who)]
        return told, with_something(hand.session, Watch)

    found, to_be_watched = _carried_out(look)
    if as_json:
        json.dump(found, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    table = Table("Tenant", "Drift", "Differs", "Looked at (UTC)", "Next (UTC)", "Note")
    for one in found:
        note = _note(one, to_be_watched)
        cells = (_cell(one, name) for name in ("tenant", "phase", "total"))
        table.add_row(*cells, _shown(one["looked_at"]), _shown(one["due_at"]), note)
    print_table(table)


def check(who: Sequence[str]) -> None:
    """Look at tenants as soon as the bot can; raises `Refused`."""
    meant, looked = _carried_out(lambda hand: ((names := _meant(hand, who)), look_now(hand, names)))
    left = [name for name in meant if name not in looked]
    if looked:
        _say(f"To be looked at now: {listed(looked)}.")
    if left:
        _say(f"Nothing is deployed yet for {listed(left)}.")


def pause(who: Sequence[str], hours: float | None) -> None:
    """Look at tenants no more by the clock; raises `Refused`."""
    by = who_types()

    def act(hand: Hand) -> list[str]:
        until = hand.now + timedelta(hours=hours) if hours is not None else None
        return watching.pause(hand.session, _meant(hand, who), by, until)

    paused = _carried_out(act)
    span = f" for {hours:g} hours" if hours is not None else ""
    _say(f"Paused{span}: {listed(paused) or 'nobody, for nobody of these is watched'}.")


def resume(who: Sequence[str]) -> None:
    """Look at tenants by the clock again; raises `Refused`."""
    resumed = _carried_out(lambda hand: watching.resume(hand.session, _meant(hand, who)))
    _say(f"Resumed: {listed(resumed) or 'nobody, for nobody of these was paused'}.")


def _meant(hand: Hand, who: Sequence[str]) -> list[str]:
    facts = facts_of_tenants(hand.session)
    if not who:
        return [each.name for each in facts]
    return list(select(parse_selector(" ".join(who)), facts))


def _told(session: Session, tenant: str) -> dict[str, object]:
    drift, watch = session.get(Drift, tenant), session.get(Watch, tenant)
    return {
        "tenant": tenant,
        "phase": drift.phase if drift else None,
        "total": drift.total if drift else 0,
        "paths": [each["path"] for each in drift.differences] if drift else [],
        "repository": drift.repository if drift else None,
        "looked_at": _iso(watch.looked_at if watch else None),
        "due_at": _iso(watch.due_at if watch else None),
        "unable_since": _iso(watch.unable_since if watch else None),
        "problem": watch.problem if watch else None,
        "paused_by": watch.paused_by if watch else None,
        "paused_until": _iso(watch.paused_until if watch else None),
        "watched": watch is not None,
    }


def _note(one: dict[str, object], to_be_watched: Sequence[str]) -> str:
    if not one["watched"]:
        return _NOT_YET if one["tenant"] in to_be_watched else _NOTHING
    if one["paused_by"]:
        until = f" until {_shown(one['paused_until'])}" if one["paused_until"] else ""
        return f"paused by {one['paused_by']}{until}"
    return str(one["problem"] or "")


def _cell(one: dict[str, object], name: str) -> str:
    return str(one[name] or "")


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _shown(at: object) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M}" if isinstance(at, str) else ""


def _carried_out(act: Callable[[Hand], T]) -> T:
    """Carry out an act on the rows in one transaction."""

    async def open_and_act() -> T:
        settings = read_settings(StoreSettings)
        database = Database(settings.database_url)
        schema.upgrade(database.engine)
        async with database:
            queue = RunQueue(dispatch_of(database, settings), settings.limits)
            now = SystemClock().now()
            return await database.write(
                lambda session: act(Hand(session, now, queue, (), new_look, new_fix))
            )

    return asyncio.run(open_and_act())


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
