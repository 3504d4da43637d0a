"""Whether a tenant may be forgotten, and what is left behind of one that was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.report.suggestions import in_code
from bot.rollouts.overview import obstacles
from bot.rollouts.rows import left, lookup
from bot.rollouts.tenants import uninstall_first


@dataclass(frozen=True)
class Behind:
    """What stays of a tenant: the services that it has, and the identities that are recorded."""

    deployed: Sequence[str] = ()
    recorded: Sequence[str] = ()


def behind(session: Session, now: datetime, name: str) -> Behind:
    """Answer what there is of a tenant, and of earlier ones of its name."""
    del now
    return Behind(deployed_words(session, name), left.recorded_of(session, name))


def why_not(
    session: Session, now: datetime, name: str, *, force: bool, leave_deployed: bool
) -> list[str]:
    """Say in sentences why a tenant should not be forgotten, and what to type."""
    has = [] if leave_deployed else deployed_words(session, name)
    busy = [] if force else obstacles(session, now, name)
    because = [*([f"it has {_and(has)} deployed"] if has else []), *busy]
    if not because:
        return []
    said = f"{in_code(name)} cannot be forgotten now: {'; '.join(because)}."
    if has:
        first = uninstall_first(name, *(["--force"] if busy or force else []))
        return [said, f"{first[0].upper()}{first[1:]}."]
    flags = "--leave-deployed --force" if leave_deployed else "--force"
    return [said, f"To forget it all the same, type `orbits tenants remove {name} {flags}`."]


def deployed_words(session: Session, name: str) -> list[str]:
    """Answer the services that a tenant has, each with its revision in short."""
    rows = sorted(lookup.deployed(session, name), key=lambda row: row.service)
    return [f"{row.service} {row.revision[:7]}" for row in rows]


def _and(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
