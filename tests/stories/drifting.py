"""Stories about drift: somebody changes the world of a tenant by hand, and the clock goes on."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.drift.policies import refresh
from bot.drift.records import Drifts
from bot.store.tables import Drift, Watch
from resources.library.git.command import git
from tests.stories.world import World

HOUR = timedelta(hours=1)
CONF = "service.conf"


def drifts_of(world: World, at_once: int = 10) -> Drifts:
    """Answer what looks for drift, of which the bot's own clock begins nothing."""
    return replace(world.process.drifts(), at_once=at_once)


async def looks(world: World, passing: timedelta = HOUR) -> list[str]:
    """Let time go by, and let the bot look at whoever's turn it is then; answer at whom."""
    await drifts_of(world).sweep()
    await world.passes(passing)
    seen = await drifts_of(world).tick()
    await world.settles()
    return sorted(seen)


async def looks_often(world: World, times: int) -> None:
    """Let so many intervals go by."""
    for _ in range(times):
        await looks(world)


async def says_policy(world: World, text: str) -> None:
    """Let the backend's `orbits.toml` say something, and the bot read it."""
    await world.merges({"orbits.toml": text})
    await world.settles()
    world.clock.pass_by(timedelta(minutes=11))
    parts = world.process.parts
    await refresh(parts.database, world.process.github, parts.clock, parts.fleet.services)


async def begun(world: World, drifts: Drifts) -> list[Watch]:
    """Begin the looks that are due, and answer them before the bot can end any."""
    names = await drifts.tick()
    return world.stored(lambda session: [session.get_one(Watch, name) for name in names])


def drift_of(world: World, tenant: str) -> Drift | None:
    """Answer what is recorded of a tenant's drift."""
    return world.stored(lambda session: session.get(Drift, tenant))


def watch_of(world: World, tenant: str) -> Watch:
    """Answer when a tenant is looked at."""
    return world.stored(lambda session: session.get_one(Watch, tenant))


def paths_of(world: World, tenant: str) -> list[str]:
    """Answer what of a tenant's stack is not as desired, as far as is recorded."""
    row = drift_of(world, tenant)
    return [] if row is None else [each["path"] for each in row.differences]


def edits(world: World, tenant: str, text: str = "workers = 64\n") -> None:
    """Let somebody at a tenant write into a file of the backend."""
    (world.agency.home / "accounts" / tenant / "backend" / CONF).write_text(text)


async def rewrites_history(world: World, value: str = "false") -> None:
    """Let somebody allow pushes that rewrite the history of the backend's repository."""
    bare = world.agency.home / "repositories" / "backend.git"
    await git(bare, "config", "receive.denyNonFastForwards", value)


def alters_schema(world: World, tenant: str, statements: Sequence[str]) -> None:
    """Let somebody at a tenant change the schema of the backend's database."""
    with closing(sqlite3.connect(_database_of(world, tenant))) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def rows_of(world: World, tenant: str, query: str) -> list[tuple[object, ...]]:
    """Answer what the backend's database says."""
    with closing(sqlite3.connect(_database_of(world, tenant))) as connection:
        return list(connection.execute(query))


def _database_of(world: World, tenant: str) -> Path:
    return world.agency.home / "accounts" / tenant / "backend" / "database.sqlite3"
