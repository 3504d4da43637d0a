"""What each request of Terraform needs of the store, in one statement each, built once.

A run that goes on is part of the condition: whoever lost its lease finds nothing and changes
nothing, at whatever moment it lost it.
"""

from typing import Any

from sqlalchemy import String, Text, bindparam, delete, exists, insert
from sqlmodel import col, select

from bot.states import State
from bot.store.columns import Moment
from bot.store.tables import Run, TerraformLock, TerraformState

_OF_THE_STATE = col(TerraformState.identity) == bindparam("state_of")
_OF_THE_RUN = (col(Run.id) == bindparam("by_run"), col(Run.token) == bindparam("by_token"))
_GOES_ON = (*_OF_THE_RUN, col(Run.state) == State.RUNNING)
_OF_THE_LOCK = (
    col(TerraformLock.identity) == bindparam("state_of"),
    col(TerraformLock.lock_id) == bindparam("by_lock"),
    col(TerraformLock.run_id) == bindparam("by_run"),
    col(TerraformLock.token) == bindparam("by_token"),
)
_NEWEST_FIRST = col(TerraformState.version).desc()

GOES_ON = select(Run.id).where(*_GOES_ON)
"""A row where the run is still carried out by whoever had the token."""

TOKEN = select(Run.token).where(col(Run.id) == bindparam("by_run"), col(Run.state) == State.RUNNING)
"""The token of a run that goes on."""

NEWEST: Any = select(TerraformState.body).where(_OF_THE_STATE).order_by(_NEWEST_FIRST).limit(1)
"""The newest version's body; empty where the state was deleted."""

NEWEST_FOR_RUN: Any = (
    select(NEWEST.scalar_subquery().label("body")).select_from(Run).where(*_GOES_ON)
)
"""The same for a run: no row where that goes on no more, `None` where there is no version."""

AS_OF: Any = (
    select(TerraformState.body)
    .where(_OF_THE_STATE, col(TerraformState.at) <= bindparam("moment", type_=Moment))
    .order_by(_NEWEST_FIRST)
    .limit(1)
)
"""The body of the version that was the newest at a moment."""

OLDEST: Any = (
    select(TerraformState.version, TerraformState.body)
    .where(_OF_THE_STATE)
    .order_by(col(TerraformState.version))
    .limit(1)
)
"""The oldest version that is kept."""

HEAD: Any = (
    select(TerraformState.version, TerraformState.serial, TerraformState.md5, TerraformState.size)
    .where(_OF_THE_STATE)
    .order_by(_NEWEST_FIRST)
    .limit(1)
)
"""What tells the newest version from another one."""

PUT = insert(TerraformState)
"""Store a version."""

FORGET = delete(TerraformState).where(
    _OF_THE_STATE, col(TerraformState.version) <= bindparam("until")
)
"""Forget old versions."""

HOLDS: Any = select(TerraformLock.lock_id).where(*_OF_THE_LOCK, exists().where(*_GOES_ON))
HOLDS = HOLDS.with_for_update()
"""A row where the lock is that one of that run, which goes on; it stays so until the commit."""

_TAKEN = exists().where(col(TerraformLock.identity) == bindparam("state_of"))
_WISHED: dict[str, Any] = {
    "identity": bindparam("state_of", type_=String),
    "lock_id": bindparam("by_lock", type_=String),
    "run_id": col(Run.id),
    "token": col(Run.token),
    "info": bindparam("info", type_=Text),
    "at": bindparam("at", type_=Moment),
}
TAKE = (
    insert(TerraformLock)
    .from_select(list(_WISHED), select(*_WISHED.values()).where(*_GOES_ON, ~_TAKEN))
    .execution_options(preserve_rowcount=True)
)
"""Take a lock that nobody has ever taken, or that was given back; one row, or none."""

RELEASE = delete(TerraformLock).where(*_OF_THE_LOCK, exists().where(*_GOES_ON))
"""Give back a lock that is that one of that run, which goes on; one row, or none."""
