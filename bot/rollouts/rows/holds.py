"""Holds and pins: what a tenant keeps until somebody lifts it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_
from sqlmodel import Session, col, delete, select

from bot.rollouts.moves import KEPT, HeldBy, Kept
from bot.store.tables import Hold


@dataclass(frozen=True)
class Placed:
    """Who keeps a tenant, why, and until when; `pull_request` is `owner/name#number`."""

    kind: HeldBy
    by: str
    reason: str
    at: datetime
    pull_request: str | None = None
    until: datetime | None = None


def place(session: Session, tenant: str, service: str, revision: str | None, why: Placed) -> None:
    """Keep a tenant's service at a revision; what kept it before is replaced."""
    session.merge(
        Hold(
            tenant=tenant,
            service=service,
            kind=why.kind,
            revision=revision,
            reason=why.reason,
            placed_by=why.by,
            pull_request=why.pull_request,
            placed_at=why.at,
            until=why.until,
        )
    )


def lift(
    session: Session,
    tenants: Iterable[str],
    services: Iterable[str],
    kinds: Iterable[HeldBy] = KEPT,
) -> list[tuple[str, str]]:
    """Lift what keeps these services of these tenants, and answer which were kept."""
    chosen = (
        col(Hold.tenant).in_(list(tenants)),
        col(Hold.service).in_(list(services)),
        col(Hold.kind).in_(list(kinds)),
    )
    found = session.exec(select(Hold.tenant, Hold.service).where(*chosen)).all()
    session.exec(delete(Hold).where(*chosen))
    return sorted((tenant, service) for tenant, service in found)


def holds_at(session: Session, now: datetime, tenant: str | None = None) -> list[Hold]:
    """Answer what is kept, of all tenants or of one, by tenant and service."""
    lasts = or_(col(Hold.until).is_(None), col(Hold.until) > now)
    chosen = select(Hold).where(lasts).order_by(col(Hold.tenant), col(Hold.service))
    if tenant is not None:
        chosen = chosen.where(col(Hold.tenant) == tenant)
    return list(session.exec(chosen))


def forget_ended(session: Session, now: datetime) -> None:
    """Delete what was kept until a time that is over."""
    session.exec(delete(Hold).where(col(Hold.until) <= now))


def kept(session: Session, now: datetime) -> tuple[Kept, ...]:
    """Answer every service of a tenant that stays where it is, with the reason."""
    return tuple(
        Kept(row.tenant, row.service, HeldBy(row.kind), why_kept(row))
        for row in holds_at(session, now)
    )


def why_kept(row: Hold) -> str:
    """Say in a few words since when and why a service stays where it is, and how to lift it."""
    at = f" at {row.revision[:7]}" if row.revision else ""
    word = "pinned" if row.kind == HeldBy.PIN else "held"
    until = f" until {row.until:%Y-%m-%d %H:%M} UTC" if row.until else ""
    lift = f"`/orbits un{row.kind} {row.tenant} service={row.service}`"
    return f"{word}{at}{until} by {row.placed_by}: {row.reason}; {lift} lifts it"
