"""Counts what happens, in the transaction in which it happens, for whoever draws curves of it."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, select

from bot.store.tables import Tally

_TABLE: Any = Tally.__table__  # type: ignore[attr-defined]


def tally(session: Session, name: str) -> None:
    """Count one more of what is called so, as `kind/which`."""
    dialect = session.get_bind().dialect.name
    inserting = (sqlite if dialect == "sqlite" else postgresql).insert(_TABLE)
    one_more = inserting.values(name=name, count=1).on_conflict_do_update(
        index_elements=["name"], set_={"count": _TABLE.c.count + 1}
    )
    session.connection().execute(one_more)


def tallies(session: Session, kind: str) -> dict[str, int]:
    """Answer how often each of a kind happened, by which it is."""
    rows = session.exec(select(Tally))
    named = {row.name.partition("/"): row.count for row in rows}
    return {which: count for (each, _, which), count in named.items() if each == kind}
