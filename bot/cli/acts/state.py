"""`orbits state`: the versions of a module's state, for people and for machines."""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import TypeVar

from rich.table import Table
from sqlmodel import Session

from bot.cli.acts.tables import print_table
from bot.cli.acts.typist import who_types
from bot.engine.clock import SystemClock
from bot.settings import StoreSettings, read_settings
from bot.store import schema
from bot.store.database import Database
from bot.terraform_state import versions
from bot.terraform_state.versions import Version
from resources.errors import Refused

T = TypeVar("T")


def print_versions(identity: str, *, as_json: bool) -> None:
    """Print which versions are kept; raises `Refused` where there is none."""
    found = _carried_out(lambda session: versions.versions(session, identity))
    if as_json:
        json.dump([_told(each) for each in found], sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    if not found:
        raise _no_state(identity)
    table = Table("Version", "Serial", "Written (UTC)", "By", "Bytes")
    for each in found:
        size = "deleted" if each.deleted else f"{each.size:,}"
        at = f"{each.at:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(each.version), str(each.serial), at, each.run_id, size)
    print_table(table)


def show(identity: str, version: int | None) -> None:
    """Print a version, or the newest; raises `Refused` where it is not there."""

    def read(session: Session) -> bytes | None:
        if version is None:
            return versions.newest(session, identity)
        return versions.numbered(session, identity, version)

    state = _carried_out(read)
    if state is None:
        raise _no_state(identity)
    sys.stdout.write(f"{state.decode().rstrip()}\n")


def restore(identity: str, version: int) -> None:
    """Put a version back; raises `Refused` where it is not there, or the state is locked."""
    by, now = who_types(), SystemClock().now()
    number = _carried_out(
        lambda session: versions.restore(session, identity, version, by, now), writes=True
    )
    sys.stdout.write(
        f"Version {version} of the state of {identity} is its newest again, as version {number}. "
        "Nothing else was changed: `/orbits deploy --force` brings about what differs from it.\n"
    )


def _told(version: Version) -> dict[str, object]:
    return {**version._asdict(), "at": version.at.isoformat(), "deleted": version.deleted}


def _no_state(identity: str) -> Refused:
    return Refused(
        f"There is no state of {identity}. A state goes by its module's identity, such as "
        "terraform-backend-acme."
    )


def _carried_out(act: Callable[[Session], T], *, writes: bool = False) -> T:
    """Carry out an act on the rows in one transaction."""

    async def open_and_act() -> T:
        database = Database(read_settings(StoreSettings).database_url)
        schema.upgrade(database.engine)
        async with database:
            return await (database.write(act) if writes else database.read(act))

    return asyncio.run(open_and_act())
