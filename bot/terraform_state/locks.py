"""Who may write a module's state: a run, for as long as it has its lease."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlmodel import Session, col, select

from bot.states import State
from bot.store.tables import Run, TerraformLock
from bot.terraform_state import statements
from bot.terraform_state.passwords import Bearer
from resources.errors import OrbitsError


class LeaseLost(OrbitsError):
    """A run has ended, or another process carries it out: its password is good no more."""

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"The run {run_id} has ended or is carried out by another process, and its "
            "password with it."
        )


@dataclass(frozen=True)
class Holder:
    """Whoever holds a lock, and what for."""

    lock_id: str
    run_id: str
    identity: str
    command: str
    since: datetime

    def __str__(self) -> str:
        return (
            f"run {self.run_id} ({self.identity}, {self.command}), since "
            f"{self.since:%Y-%m-%d %H:%M:%S} UTC"
        )


@dataclass(frozen=True)
class Wish:
    """A lock that a run asks for; `info` is what Terraform says of itself, as JSON."""

    identity: str
    lock_id: str
    info: str
    bearer: Bearer
    at: datetime


class Held(NamedTuple):
    """A lock as a run says that it holds it."""

    identity: str
    lock_id: str
    bearer: Bearer


def demand_that_it_goes_on(session: Session, bearer: Bearer) -> None:
    """Raise `LeaseLost` unless the run is still carried out by whoever had the token."""
    given = {"by_run": bearer.run_id, "by_token": bearer.token}
    if session.connection().execute(statements.GOES_ON, given).first() is None:
        raise LeaseLost(bearer.run_id)


def holder(session: Session, identity: str) -> Holder | None:
    """Answer who holds the lock; one of a run that ended or was taken over is free."""
    lock = session.get(TerraformLock, identity)
    return None if lock is None else _holder(session, lock)


def take_free(connection: Connection, wishes: Sequence[Wish]) -> list[bool]:
    """Take locks that nobody has; answer for each whether it was so, and its run goes on."""
    return [
        connection.execute(
            statements.TAKE,
            _named(wish.identity, wish.lock_id, wish.bearer) | {"info": wish.info, "at": wish.at},
        ).rowcount
        == 1
        for wish in wishes
    ]


def take(session: Session, wish: Wish) -> Holder | None:
    """Take the lock, or answer who holds it; asking for one's own again is harmless."""
    query = select(TerraformLock).where(col(TerraformLock.identity) == wish.identity)
    lock = session.exec(query.with_for_update()).first()
    if lock is not None:
        held = _holder(session, lock)
        if held is not None and lock.lock_id != wish.lock_id:
            return held
        session.delete(lock)
        session.flush()
    session.add(
        TerraformLock(
            identity=wish.identity,
            lock_id=wish.lock_id,
            run_id=wish.bearer.run_id,
            token=wish.bearer.token,
            info=wish.info,
            at=wish.at,
        )
    )
    session.flush()
    return None


def holds(connection: Connection, identity: str, lock_id: str, bearer: Bearer) -> bool:
    """Answer whether the lock is that one of that run, which goes on, and keep it so."""
    given = _named(identity, lock_id, bearer)
    return connection.execute(statements.HOLDS, given).first() is not None


def release_own(connection: Connection, held: Sequence[Held]) -> list[bool]:
    """Give locks back; answer for each whether the run had it, and goes on."""
    return [connection.execute(statements.RELEASE, _named(*each)).rowcount == 1 for each in held]


def release(session: Session, identity: str, lock_id: str | None, bearer: Bearer) -> Holder | None:
    """Give the lock back, or answer who else holds it; without an id, whichever the run has."""
    lock = session.get(TerraformLock, identity)
    if lock is None:
        return None
    ours = (lock.run_id, lock.token) == bearer and lock_id in {None, lock.lock_id}
    held = None if ours else _holder(session, lock)
    if held is None:
        session.delete(lock)
    return held


def _named(identity: str, lock_id: str, bearer: Bearer) -> dict[str, Any]:
    return {
        "state_of": identity,
        "by_lock": lock_id,
        "by_run": bearer.run_id,
        "by_token": bearer.token,
    }


def _holder(session: Session, lock: TerraformLock) -> Holder | None:
    run = _run_of(session, Bearer(lock.run_id, lock.token))
    if run is None:
        return None
    return Holder(lock.lock_id, run.id, run.identity, run.command, lock.at)


def _run_of(session: Session, bearer: Bearer) -> Run | None:
    run = session.get(Run, bearer.run_id)
    if run is None or run.token != bearer.token or run.state is not State.RUNNING:
        return None
    return run
