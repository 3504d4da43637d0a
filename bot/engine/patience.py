"""How long is waited in line for an identity, and what is told when that was too long."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from bot.engine.definitions.kinds import Wanted
from resources.errors import IdentityBusy, TimedOut

T = TypeVar("T")


class Limit(NamedTuple):
    """Until when is waited in line: for as long as patience lasts, or until a deadline."""

    patience_ends: datetime
    deadline: datetime | None

    @property
    def until(self) -> datetime:
        """The earlier of both."""
        return min(self.patience_ends, self.deadline or self.patience_ends)

    def reached(
        self, wanted: Wanted, patience: timedelta, holder: Any
    ) -> "TimedOut | IdentityBusy":
        """Answer why is not waited any more."""
        if self.deadline is not None and self.deadline <= self.patience_ends:
            return too_late(wanted, self.deadline, holder)
        return out_of_patience(wanted, patience, holder)


def too_late(wanted: Wanted, deadline: datetime, holder: Any) -> TimedOut:
    """Answer why a run was not begun before its deadline."""
    by = f" its command {holder.command} (run {holder.id})" if holder else " another run"
    return TimedOut(
        f"{wanted.identity} ({wanted.command}) was not begun by its deadline, "
        f"{deadline:%Y-%m-%d %H:%M:%S} UTC: {wanted.identity} was held by{by}. Nothing was "
        "started; retry."
    )


def out_of_patience(wanted: Wanted, patience: timedelta, holder: Any) -> IdentityBusy:
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
