"""Counts what happens, in the transaction in which it happens, for whoever draws curves of it."""

from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, select

from bot.store.tables import Tally

_TABLE: Any = Tally.__table__  # type: ignore[attr-defined]
_ONE_MORE = {
    kind.__name__.rpartition(".")[2]: kind.insert(_TABLE)
    .values(name=bindparam("name"), count=1)
    .on_conflict_do_update(index_elements=["name"], set_={"count": _TABLE.c.count + 1})
    for kind in (sqlite, postgresql)
}


def tally(session: Session, name: str) -> None:
    """Count one more of what is called so, as `kind/which`."""
    connection = session.connection()
    connection.execute(_ONE_MORE[connection.dialect.name], {"name": name})


def tallies(session: Session, kind: str) -> dict[str, int]:
    """Answer how often each of a kind happened, by which it is."""
    rows = session.exec(select(Tally))
    named = {row.name.partition("/"): row.count for row in rows}
    return {which: count for (each, _, which), count in named.items() if each == kind}
