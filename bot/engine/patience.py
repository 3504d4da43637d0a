"""How long is waited in line for an identity, and what is told when that was too long."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta

from bot.engine.clock import Clock
from bot.engine.kinds import Wanted
from bot.store.tables import Run
from resources.errors import IdentityBusy


async def in_time_for(waiting: Awaitable[None], clock: Clock, until: datetime) -> None:
    """Return when `waiting` does; raises `TimeoutError` where `until` comes first."""
    awaited = asyncio.ensure_future(waiting)
    late = asyncio.ensure_future(clock.sleep_until(until))
    try:
        await asyncio.wait([awaited, late], return_when=asyncio.FIRST_COMPLETED)
        if not awaited.done():
            raise TimeoutError
        awaited.result()
    finally:
        awaited.cancel()
        late.cancel()


def out_of_patience(wanted: Wanted, patience: timedelta, holder: Run | None) -> IdentityBusy:
    """Answer why a run was not begun: who holds its identity, since when, how to free it."""
    if holder is None:
        return IdentityBusy(
            f"{wanted.identity} was busy for longer than {patience}. Nothing was started; retry."
        )
    since = holder.started_at or holder.created_at
    return IdentityBusy(
        f"{wanted.identity} is held by its command {holder.command} (run {holder.id}), since "
        f"{since:%Y-%m-%d %H:%M:%S} UTC; {wanted.command} has waited for {patience} and was not "
        f"started. See `orbits status {holder.id}`, free it with `orbits cancel {holder.id}`, "
        "then retry.",
        holder=holder.id,
    )
