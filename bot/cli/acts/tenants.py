"""`orbits tenants`: the rows of tenants, for people and for machines."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TypeVar

import typer

from bot.cli.acts.tables import print_table
from bot.cli.acts.tenants_table import as_json_value, table_of
from bot.engine.clock import SystemClock
from bot.report.suggestions import in_code, listed
from bot.rollouts.forgetting import Behind, behind, why_not
from bot.rollouts.overview import overview_of
from bot.rollouts.profiles.changes import UNDONE, Changes, Taken, changed
from bot.rollouts.profiles.differences import TenantChange, likely_rings
from bot.rollouts.profiles.fields import Grounds
from bot.rollouts.profiles.importing import import_of
from bot.rollouts.profiles.profile import Profile
from bot.rollouts.profiles.reading import read_tenants
from bot.rollouts.profiles.typed import Options
from bot.rollouts.selectors import WITH_A_MEANING, Kind, Selector, parse_selector, select
from bot.rollouts.tenants import Tenants, tenant_of
from bot.settings import FleetSettings, StoreSettings, read_settings
from bot.store import schema
from bot.store.database import Database
from resources.errors import Refused

T = TypeVar("T")

DRY = "This was a dry run: nothing was changed."


def print_tenants(who: Sequence[str], *, as_json: bool) -> None:
    """Print tenants with what they have; raises `Refused` where a selector means nobody."""
    overview = _with_tenants(lambda tenants: tenants.look(overview_of))
    if who:
        selector = _selector(who)
        facts = [one.profile.facts(one.name) for one in overview]
        chosen = set(select(selector, facts))
        overview = [one for one in overview if one.name in chosen]
    if as_json:
        json.dump([as_json_value(one) for one in overview], sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        print_table(table_of(overview))


def add(name: str, options: Options) -> None:
    """Add a tenant; raises `Refused`."""
    profile = options.profile(_services(), "Nothing was added.", name)
    there = _with_tenants(lambda tenants: tenants.profiles())
    _with_tenants(lambda tenants: tenants.add(tenant_of(name, profile)))
    earlier = _with_tenants(lambda tenants: tenants.look(partial(behind, name=name))).recorded
    _say(
        f"Added the tenant {name}; it gets each of its services with that service's next merge.",
        *([_taken_over(earlier)] if earlier else ()),
        *([f"In a command it is named by `tenant:{name}`."] if name in WITH_A_MEANING else ()),
        *likely_rings([TenantChange(name, None, profile)], there),
    )


def change(who: Sequence[str], options: Options, taken: Taken, *, dry_run: bool, yes: bool) -> None:
    """Change what is named of tenants, and say what it was; raises `Refused`.

    What was shown is what is done: where somebody was changed meanwhile, nobody is.
    """
    changes = Changes(options.profile(_services(), UNDONE), taken)
    there = _with_tenants(lambda tenants: tenants.profiles())
    every = changed(changes, {name: there[name] for name in _chosen(who, there)})
    differing = [each for each in every if each.differs]
    _say(*map(str, differing), *likely_rings(differing, there))
    others = len(every) - len(differing)
    if not differing:
        _say(f"Nothing to change: {_tenants(others)} {'is' if others == 1 else 'are'} so already.")
    elif dry_run:
        _say(DRY)
    else:
        _demand_yes(differing, yes=yes)
        _with_tenants(lambda tenants: tenants.carry_out(differing))
        were = f" {_tenants(others)} had it already." if others else ""
        _say(f"Changed {_tenants(len(differing))}.{were}")


def remove(name: str, *, force: bool, leave_deployed: bool) -> None:
    """Forget a tenant, and say what is left behind; raises `Refused`."""
    unless = partial(why_not, name=name, force=force, leave_deployed=leave_deployed)

    async def look_and_remove(tenants: Tenants) -> Behind:
        there = await tenants.look(partial(behind, name=name))
        await tenants.remove(name, unless)
        return there

    there = _with_tenants(look_and_remove)
    _say(f"Forgot the tenant {name}.")
    if there.deployed:
        _say(f"Left behind as it is, for nobody uninstalled it: {', '.join(there.deployed)}.")
    if there.recorded:
        _say(f"Still recorded, and taken over by the next tenant {name}: {listed(there.recorded)}.")


def import_file(path: Path, plain: Sequence[str], *, dry_run: bool, prune: bool) -> None:
    """Make tenants what a file says, and say first what that changes; raises `Refused`."""
    wanted = read_tenants(_text_of(path), path.name, Grounds(_services(), plain))
    there = _with_tenants(lambda tenants: tenants.profiles())
    found = import_of(wanted, there, prune=prune)
    _say(*map(str, found.changes), *likely_rings(found.changes, there))
    if found.left:
        _say(f"Left as they are, for the file does not name them: {listed(found.left)}.")
    if dry_run:
        _with_tenants(lambda tenants: tenants.check(found.changes))
        _say(f"{path.name}: {found.words}. {DRY}")
    else:
        _with_tenants(lambda tenants: tenants.carry_out(found.changes))
        _say(f"Imported {path.name}: {found.words}.")


def _with_tenants(work: Callable[[Tenants], Awaitable[T]]) -> T:
    async def open_and_work() -> T:
        database = Database(read_settings(StoreSettings).database_url)
        schema.upgrade(database.engine)
        async with database:
            return await work(Tenants(database, SystemClock()))

    return asyncio.run(open_and_work())


def _services() -> Callable[[], tuple[str, ...]]:
    """Answer the services of the fleet, which is loaded once, and only where one is named."""
    return cache(lambda: read_settings(FleetSettings).services)


def _chosen(who: Sequence[str], there: Mapping[str, Profile]) -> tuple[str, ...]:
    """Answer who is to be changed; raises `Refused`."""
    try:
        selector = _selector(who, must_name=True)
        return select(selector, [profile.facts(name) for name, profile in there.items()])
    except Refused as refused:
        raise Refused(f"{refused} {UNDONE}") from refused


def _selector(who: Sequence[str], *, must_name: bool = False) -> Selector:
    selector = parse_selector(" ".join(who))
    about_services = [str(term) for term in selector.terms if term.kind is Kind.SERVICE]
    if about_services:
        raise Refused(f"{in_code(about_services[0])} says nothing of who is meant: leave it out.")
    if must_name and not selector.names_tenants:
        raise Refused(
            f"{in_code(str(selector), 200)} says only who is left out. Everyone else is "
            f"{in_code(f'all {selector}', 200)}."
        )
    return selector


def _demand_yes(differing: Sequence[TenantChange], *, yes: bool) -> None:
    """Ask whether several tenants are to be changed; raises `Refused` where nobody can be asked."""
    if yes or len(differing) == 1:
        return
    if not sys.stdin.isatty():
        raise Refused(
            f"That changes {_tenants(len(differing))}: to do so, type the same with `--yes`. "
            f"{UNDONE}"
        )
    if not typer.confirm(f"Change these {_tenants(len(differing))}?"):
        raise Refused(UNDONE)


def _taken_over(earlier: Sequence[str]) -> str:
    return f"What is recorded of an earlier tenant of that name is taken over: {listed(earlier)}."


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise Refused(
            f"{in_code(str(path), 200)} cannot be read: {error.strerror}. {UNDONE}"
        ) from error
    except UnicodeDecodeError as error:
        raise Refused(f"{in_code(str(path), 200)} is no text in UTF-8. {UNDONE}") from error


def _tenants(count: int) -> str:
    return "1 tenant" if count == 1 else f"{count:,} tenants"


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
