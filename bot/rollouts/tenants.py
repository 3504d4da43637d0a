"""The tenants as rows: who they are, and which revisions they have."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session, col, delete, select

from bot.engine.clock import Clock
from bot.report.suggestions import closest, in_code, listed
from bot.rollouts.affected import TenantFacts
from bot.rollouts.profiles.differences import TenantChange
from bot.rollouts.profiles.fields import tenant_name
from bot.rollouts.profiles.profile import Profile
from bot.rollouts.uninstalled import keeps_something
from bot.states import LIVE
from bot.store.database import Database
from bot.store.tables import Deployed, Deployment, Hold, Tenant
from resources.errors import Refused

T = TypeVar("T")

Look = Callable[[Session, datetime], T]
"""Reads something of the store, as it is at a time."""

UNDONE = "Nothing was changed."


def facts_of_tenants(session: Session) -> list[TenantFacts]:
    """Answer what matters of every tenant to a rollout, in the order of their names."""
    return [profile_of(row).facts(row.name) for row in rows_of(session)]


def profile_of(row: Tenant) -> Profile:
    """Answer what was said of a tenant."""
    return Profile.model_construct(
        ring=row.ring,
        tags=tuple(row.tags),
        services=tuple(row.services),
        branches=row.branches,
        variables=row.variables,
    )


def tenant_of(name: str, profile: Profile) -> Tenant:
    """Answer the row of a tenant of whom this is said."""
    return _said(Tenant(name=name), profile)


class Tenants:
    """The clients of an agency."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, tenant: Tenant) -> None:
        """Add a tenant; raises `Refused` where its name is taken, or is none."""
        try:
            tenant_name(tenant.name)
        except ValueError as wrong:
            raise Refused(f"{in_code(tenant.name)} {wrong} Nothing was added.") from wrong
        await self._database.write(lambda session: self._add(session, tenant))

    async def remove(self, name: str, obstacles: Look[list[str]] | None = None) -> None:
        """Forget a tenant, and what holds it; what was deployed for it stays as it is.

        Raises `Refused` where there is none, or where there are `obstacles`, each a sentence.
        """
        await self._database.write(lambda session: self._remove(session, name, obstacles))

    async def profiles(self) -> dict[str, Profile]:
        """Answer what was said of all tenants, in the order of their names."""
        return await self._database.read(
            lambda session: {row.name: profile_of(row) for row in rows_of(session)}
        )

    async def look(self, at: Look[T]) -> T:
        """Answer what there is to read of the store now."""
        return await self._database.read(lambda session: at(session, self._clock.now()))

    async def check(self, changes: Iterable[TenantChange]) -> None:
        """Raise `Refused` where these could not be carried out."""
        await self._database.read(lambda session: _demand(session, changes))

    async def carry_out(self, changes: Iterable[TenantChange]) -> None:
        """Add, change and forget tenants, all or none.

        Raises `Refused` where somebody is not as found any more, or is to be forgotten who has
        something deployed.
        """
        await self._database.write(lambda session: self._carry_out(session, changes))

    async def has(self, tenant: str, revisions: Mapping[str, str]) -> None:
        """Record that a tenant was brought to revisions, as it is now, outside any rollout."""
        await self._database.write(lambda session: self._has(session, tenant, revisions))

    def _add(self, session: Session, tenant: Tenant) -> None:
        if session.get(Tenant, tenant.name) is not None:
            raise Refused(
                f"There is a tenant `{tenant.name}` already; `orbits tenants set {tenant.name}` "
                "changes it. Nothing was added."
            )
        tenant.created_at = self._clock.now()
        session.add(tenant)

    def _remove(self, session: Session, name: str, obstacles: Look[list[str]] | None) -> None:
        demand_known(session, name, _NOT_REMOVED)
        found = obstacles(session, self._clock.now()) if obstacles else []
        if found:
            raise Refused(" ".join([*found, _NOT_REMOVED]))
        _forget(session, name)

    def _carry_out(self, session: Session, changes: Iterable[TenantChange]) -> None:
        changes = list(changes)
        _demand(session, changes)
        rows = {row.name: row for row in rows_of(session)}
        for change in changes:
            if change.after is None:
                _forget(session, change.name)
            elif change.before is not None:
                session.add(_said(rows[change.name], change.after))
            else:
                new = tenant_of(change.name, change.after)
                new.created_at = self._clock.now()
                session.add(new)

    def _has(self, session: Session, tenant: str, revisions: Mapping[str, str]) -> None:
        now, variables = self._clock.now(), session.get_one(Tenant, tenant).variables
        for service, revision in revisions.items():
            session.merge(
                Deployed(
                    tenant=tenant,
                    service=service,
                    revision=revision,
                    variables=variables,
                    updated_at=now,
                )
            )


_NOT_REMOVED = "Nothing was removed."


def demand_known(session: Session, name: str, undone: str) -> None:
    """Raise `Refused` where there is no such tenant; `undone` says what that leaves undone."""
    if session.get(Tenant, name) is None:
        raise Refused(f"{_unknown(name, [row.name for row in rows_of(session)])} {undone}")


def uninstall_first(name: str, *flags: str) -> str:
    """Say what to type where something is deployed for a tenant that is to be forgotten."""
    more = " ".join(("--leave-deployed", *flags))
    return (
        f"type `orbits tenants uninstall {name}` first, or `orbits tenants remove {name} {more}` "
        "to forget it and leave behind what is deployed"
    )


def rows_of(session: Session) -> Sequence[Tenant]:
    """Answer the rows of all tenants, in the order of their names."""
    return session.exec(select(Tenant).order_by(col(Tenant.name))).all()


def _said(row: Tenant, profile: Profile) -> Tenant:
    """Write into a row what is said of its tenant."""
    row.ring = profile.ring
    row.tags, row.services = list(profile.tags), list(profile.services)
    row.branches, row.variables = dict(profile.branches), dict(profile.variables)
    return row


def _demand(session: Session, changes: Iterable[TenantChange]) -> None:
    """Raise `Refused` where changes do not go by what there is now."""
    there = {row.name: profile_of(row) for row in rows_of(session)}
    forgotten = []
    for change in changes:
        found = there.get(change.name)
        if TenantChange(change.name, change.before, found).differs:
            raise Refused(
                f"Somebody else changed {in_code(change.name)} meanwhile. {UNDONE} Look at it, and "
                "type the same again."
            )
        if change.after is None:
            forgotten.append(change.name)
    _demand_nothing_installed(session, forgotten)


def _demand_nothing_installed(session: Session, names: Sequence[str]) -> None:
    """Raise `Refused` where one of these has something deployed or held, or is about to."""
    if not names:
        return
    having = set(session.exec(select(Deployed.tenant).distinct()))
    deployed = [name for name in names if name in having]
    if deployed:
        raise Refused(
            f"{listed(deployed)} {_have(deployed)} something deployed, and would be forgotten. "
            f"Name them in the file; or {uninstall_first(deployed[0])}. {UNDONE}"
        )
    going_on = select(Deployment.tenant).where(col(Deployment.state).in_(LIVE)).distinct()
    kept = {row.tenant for row in session.exec(select(Hold)) if keeps_something(row)}
    kept.update(session.exec(going_on))
    busy = [name for name in names if name in kept]
    if busy:
        raise Refused(
            f"{listed(busy)} {_have(busy)} something held, or deployed just now, and would be "
            "forgotten. Name them in the file, or forget each by such as "
            f"`orbits tenants remove {busy[0]} --force`. {UNDONE}"
        )


def _have(names: Sequence[str]) -> str:
    return "have" if len(names) > 1 else "has"


def _forget(session: Session, name: str) -> None:
    session.exec(delete(Tenant).where(col(Tenant.name) == name))
    session.exec(delete(Deployed).where(col(Deployed.tenant) == name))
    session.exec(delete(Hold).where(col(Hold.tenant) == name))


def _unknown(name: str, names: Sequence[str]) -> str:
    near = closest(name, names)
    guess = f" Did you mean {in_code(near)}?" if near else ""
    return f"No tenant is called {in_code(name)}.{guess} There are: {listed(names) or 'none'}."
