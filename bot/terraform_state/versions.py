"""Every version of a module's state: the newest is the state, any other can be put back."""

import base64
import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection
from sqlmodel import Session, col, select

from bot.store.database import Database
from bot.store.tables import TerraformState
from bot.terraform_state import statements
from bot.terraform_state.locks import Held, LeaseLost, holder, holds
from bot.terraform_state.passwords import Bearer
from resources.errors import OrbitsError, Refused

KEPT_VERSIONS = 50
"""Older ones are forgotten; what is newest never is."""


class NoState(OrbitsError):
    """A text is no state of Terraform's, or arrived with other bytes than were sent."""


class _Head(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    version: int
    serial: int = Field(ge=0, lt=2**31)
    lineage: str = Field(max_length=200)


@dataclass(frozen=True)
class Written:
    """A state as it was sent, ready to be stored."""

    serial: int
    lineage: str
    md5: str
    size: int
    body: bytes


class Put(NamedTuple):
    """A state to be stored, as a run says that it has locked it."""

    held: Held
    state: Written
    at: datetime


class Version(NamedTuple):
    """A version of a state, without the state."""

    version: int
    serial: int
    lineage: str
    size: int
    run_id: str
    at: datetime

    @property
    def deleted(self) -> bool:
        """Whether there was no state any more."""
        return not self.size


DELETED = Written(serial=0, lineage="", md5="", size=0, body=b"")


def written(text: bytes, md5: str | None = None) -> Written:
    """Read what was sent, whose MD5 as base64 may have come along; raises `NoState`."""
    digest = hashlib.md5(text, usedforsecurity=False).digest()
    if md5 is not None and md5 != base64.b64encode(digest).decode():
        raise NoState("The state arrived with other bytes than were sent. Send it again.")
    try:
        head = _Head.model_validate_json(text)
    except ValidationError:
        raise NoState("That is no state: it has no version, serial and lineage.") from None
    return Written(head.serial, head.lineage, digest.hex(), len(text), zlib.compress(text))


def newest(session: Session, identity: str) -> bytes | None:
    """Answer the state, or `None` where there is none."""
    return state_in(list(session.connection().execute(statements.NEWEST, {"state_of": identity})))


def state_in(rows: Sequence[Any]) -> bytes | None:
    """Answer the state that a question for its body has found, if any."""
    return zlib.decompress(rows[0].body) if rows and rows[0].body else None


def as_of(session: Session, identity: str, moment: datetime) -> bytes | None:
    """Answer the state at a moment, or `None`; of what is forgotten, the oldest that is kept."""
    connection = session.connection()
    row = connection.execute(statements.AS_OF, {"state_of": identity, "moment": moment}).first()
    if row is None:
        row = connection.execute(statements.OLDEST, {"state_of": identity}).first()
        if row is None or row.version == 1:
            return None
    return zlib.decompress(row.body) if row.body else None


async def newest_for_run(database: Database, identity: str, bearer: Bearer) -> bytes | None:
    """Answer the state, or `None`; raises `LeaseLost` where the run goes on no more."""
    given = {"state_of": identity, "by_run": bearer.run_id, "by_token": bearer.token}
    rows = await database.ask(statements.NEWEST_FOR_RUN, given)
    if not rows:
        raise LeaseLost(bearer.run_id)
    return state_in(rows)


def numbered(session: Session, identity: str, version: int) -> bytes:
    """Answer a version of the state; raises `Refused` where it is not there."""
    row = session.get(TerraformState, (identity, version))
    if row is None or not row.body:
        raise Refused(
            f"{identity} has no version {version} of its state: see `orbits state list {identity}`."
        )
    return zlib.decompress(row.body)


def versions(session: Session, identity: str) -> list[Version]:
    """Answer all versions that are kept, newest first."""
    fields: list[Any] = [
        TerraformState.version,
        TerraformState.serial,
        TerraformState.lineage,
        TerraformState.size,
        TerraformState.run_id,
        TerraformState.at,
    ]
    query = select(*fields).where(col(TerraformState.identity) == identity)
    rows = session.exec(query.order_by(col(TerraformState.version).desc()))
    return [Version(*row) for row in rows]


def put(session: Session, identity: str, state: Written, run_id: str, at: datetime) -> int:
    """Store a state as the newest version, and answer its number.

    Where it is what the newest one holds already, nothing is stored.
    """
    return _put(session.connection(), identity, state, run_id, at)


def put_under_lock(connection: Connection, puts: Sequence[Put]) -> list[bool]:
    """Store states as the newest versions; answer for each whether its run had locked it."""
    return [_put_under_lock(connection, put) for put in puts]


def _put_under_lock(connection: Connection, put: Put) -> bool:
    if not holds(connection, *put.held):
        return False
    _put(connection, put.held.identity, put.state, put.held.bearer.run_id, put.at)
    return True


def _put(connection: Connection, identity: str, state: Written, run_id: str, at: datetime) -> int:
    last = _head(connection, identity)
    if last is not None and (last.md5, last.size) == (state.md5, state.size):
        version: int = last.version
        return version
    version = 1 if last is None else last.version + 1
    row = {"identity": identity, "version": version, "run_id": run_id, "at": at, **vars(state)}
    connection.execute(statements.PUT, row)
    if version > KEPT_VERSIONS:
        old = {"state_of": identity, "until": version - KEPT_VERSIONS}
        connection.execute(statements.FORGET, old)
    return version


def restore(session: Session, identity: str, version: int, by: str, at: datetime) -> int:
    """Make an older version the newest one, as somebody wants it, and answer its new number.

    Its serial is raised, so that no plan made before is applied to it. Raises `Refused`.
    """
    held = holder(session, identity)
    if held is not None:
        raise Refused(
            f"The state of {identity} is not restored: it is locked by {held}. Wait for it, or end "
            f"it with `orbits cancel {held.run_id}`. Nothing was changed."
        )
    state = json.loads(numbered(session, identity, version))
    last = _head(session.connection(), identity)
    state["serial"] = max(int(state["serial"]), last.serial if last else 0) + 1
    text = json.dumps(state, indent=2).encode()
    return put(session, identity, written(text), by, at)


def _head(connection: Connection, identity: str) -> Any:
    return connection.execute(statements.HEAD, {"state_of": identity}).first()
