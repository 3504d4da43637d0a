"""Every version of a module's state: the newest is the state, any other can be put back."""

import base64
import hashlib
import json
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlmodel import Session, col, delete, select

from bot.store.tables import TerraformState
from bot.terraform_state.locks import holder
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
    row = _newest(session, identity)
    return zlib.decompress(row.body) if row is not None and row.body else None


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
    last = _newest(session, identity)
    if last is not None and (last.md5, last.size) == (state.md5, state.size):
        return last.version
    version = 1 if last is None else last.version + 1
    session.add(
        TerraformState(
            identity=identity,
            version=version,
            serial=state.serial,
            lineage=state.lineage,
            md5=state.md5,
            size=state.size,
            body=state.body,
            run_id=run_id,
            at=at,
        )
    )
    old = col(TerraformState.version) <= version - KEPT_VERSIONS
    session.exec(delete(TerraformState).where(col(TerraformState.identity) == identity, old))
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
    last = _newest(session, identity)
    state["serial"] = max(int(state["serial"]), last.serial if last else 0) + 1
    text = json.dumps(state, indent=2).encode()
    return put(session, identity, written(text), by, at)


def _newest(session: Session, identity: str) -> TerraformState | None:
    query = select(TerraformState).where(col(TerraformState.identity) == identity)
    return session.exec(query.order_by(col(TerraformState.version).desc()).limit(1)).first()
