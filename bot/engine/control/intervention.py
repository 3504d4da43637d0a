"""One thing that a person does to runs: its transaction, and how the run is named and found."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update
from sqlmodel import col

from bot.engine.definitions.outcomes import Outcome
from bot.engine.dispatch import Dispatch, Hint
from bot.engine.identifiers import short
from bot.engine.journal.aftermath import Aftermath
from bot.engine.journal.grounds import one_after_another
from bot.engine.journal.rows import End, Grip
from bot.engine.journal.statements import RUN_TABLE, living_owner
from bot.engine.pace import Limits
from bot.states import State
from bot.store.bell import Bell
from bot.store.tables import LIVE_ROWS, Run
from resources.errors import Refused

SHORTEST_ID = 6
"""How many of a run's last characters tell it apart at the least."""
MOST_NAMED = 10

_AN_ID = re.compile(r"[0-9a-f]{6,24}")


class RunNotFound(Refused):
    """A run was asked for that the store does not have."""


class Answer(NamedTuple):
    """What was done: the full id of the run that it was done to, and a sentence on it."""

    run_id: str
    words: str


@dataclass(frozen=True)
class Intervention:
    """What somebody, `by`, asks for at a time, and the transaction in which it is done."""

    connection: Connection
    by: str
    at: datetime
    dispatch: Dispatch
    bell: Bell
    aftermath: Aftermath
    limits: Limits

    def run(self, typed: str) -> Any:
        """Answer the row of a run, and keep it as it is until the commit; see `found`."""
        # As claims do: what is decided here is decided before or after each of them.
        one_after_another(self.connection)
        run_id = found(self.connection, typed)
        query = _WITH_OWNER.where(col(Run.id) == run_id).with_for_update(of=RUN_TABLE)
        return self.connection.execute(query).one()

    def rows(self, *conditions: Any) -> Sequence[Any]:
        """Answer the runs that meet conditions, the oldest first."""
        query = _WITH_OWNER.where(*conditions).order_by(col(Run.id))
        return self.connection.execute(query).all()

    def change(self, run_id: str, **values: Any) -> None:
        """Write into the row of a run."""
        self.connection.execute(update(Run).where(col(Run.id) == run_id).values(**values))

    def end(self, row: Any, outcome: Outcome) -> None:
        """End a run that nobody works on, with all that follows from its end."""
        token = row.token + 1
        self.change(
            row.id,
            state=outcome.state,
            result=outcome.result,
            failure=outcome.failure_text,
            finished_at=self.at,
            cancelled_by=self.by,
            # Whoever still works on it unseen can write no more.
            token=token,
        )
        grip = Grip(row.id, token)
        end = End(grip, row.identity, outcome, self.at, has_parent=True, leaves=True)
        self.aftermath.follow(self.connection, [end])

    def announce(self, rows: Sequence[Any]) -> None:
        """Tell the dispatch of runs that may be worth a look, and everybody that they changed."""
        self.dispatch.announce(self.connection, [Hint(row.id, -row.rank) for row in rows])
        self.bell.ring(self.connection, [row.id for row in rows])

    def live_equal(self, row: Any) -> Any:
        """Answer another live run of the same command and arguments, if there is one."""
        same = (
            col(Run.identity) == row.identity,
            col(Run.command) == row.command,
            col(Run.fingerprint) == row.fingerprint,
        )
        return next(iter(self.rows(*same, LIVE_ROWS, col(Run.id) != row.id)), None)


_WITH_OWNER = select(RUN_TABLE, living_owner().label("attended"))


def found(connection: Connection, typed: str) -> str:
    """Answer the id of the run that somebody typed, in full or its last characters.

    Raises `RunNotFound`, and `Refused` where several runs end so.
    """
    wanted = typed.strip().lower()
    if not _AN_ID.fullmatch(wanted):
        raise RunNotFound(
            f"`{typed}` names no run: type its id, or the last {SHORTEST_ID} or more of its "
            "characters; `orbits runs` lists them. Nothing was changed."
        )
    query = select(col(Run.id), col(Run.identity), col(Run.command)).order_by(col(Run.id).desc())
    # It holds nothing that would mean something in a pattern.
    rows = connection.execute(query.where(col(Run.id).like(f"%{wanted}")).limit(MOST_NAMED)).all()
    exact = [row for row in rows if row.id == wanted]
    if not rows:
        raise RunNotFound(
            f"There is no run `{typed}` in the store; `orbits runs` lists those that there are. "
            "Nothing was changed."
        )
    if len(rows) > 1 and not exact:
        ids = ", ".join(f"{row.id} ({row.identity}, {row.command})" for row in rows)
        raise Refused(
            f"The ids of several runs end in `{typed}`: {ids}. Type more of it. Nothing was "
            "changed."
        )
    return str((exact or rows)[0].id)


def named(row: Any) -> str:
    """Answer how a run is called in a sentence."""
    return f"{row.identity} ({row.command})"


def named_with_id(row: Any) -> str:
    """Answer how a run is called where it has to be told apart."""
    return f"{row.identity} ({row.command}, run {short(row.id)})"


def moment(at: datetime) -> str:
    """Answer a time as a sentence has it."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def has_come(row: Any) -> str:
    """Answer how far a run has come, after its name: `was cancelled at ...`, `is queued`."""
    state = State(row.state)
    if not state.terminal:
        return f"is {'paused' if row.paused else state}"
    verb = "has " if state in {State.SUCCEEDED, State.FAILED} else "was "
    return f"{verb}{state} at {moment(row.finished_at)}" if row.finished_at else f"{verb}{state}"


def counted(number: int, thing: str) -> str:
    """Answer `1 step`, `2 steps`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
