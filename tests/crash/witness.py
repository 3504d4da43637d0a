"""A witness in the database: it notes each outcome of a step that is written, and when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import Session, select

from bot.store.database import Database
from bot.store.tables import Owner, Place, Recorded, Run, Step, Wait

_OUTCOME = ("run_id", "name", "state", "result", "failure", "finished_at")
_TABLE = f"CREATE TABLE witnessed ({', '.join(f'{name} text' for name in _OUTCOME)}, at {{}})"
_NEW = ", ".join(f"NEW.{name}" for name in _OUTCOME)
_ON_SQLITE = (
    _TABLE.format("text"),
    *(
        f"""
        CREATE TRIGGER witness_{when} AFTER {when} ON step WHEN NEW.finished_at IS NOT NULL
        BEGIN INSERT INTO witnessed VALUES ({_NEW}, strftime('%Y-%m-%d %H:%M:%f')); END
        """  # noqa: S608 (our own words)
        for when in ("insert", "update")
    ),
)
_ON_POSTGRESQL = (
    _TABLE.format("timestamptz"),
    f"""
    CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO witnessed SELECT {_NEW}, clock_timestamp(); RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER witness AFTER INSERT OR UPDATE ON step FOR EACH ROW
    WHEN (NEW.finished_at IS NOT NULL) EXECUTE FUNCTION witness()
    """,
)


@dataclass(frozen=True)
class Evidence:
    """All that the database knows in the end."""

    runs: list[Run]
    steps: list[Step]
    recorded: list[Recorded]
    waits: list[Wait]
    places: list[Place]
    owners: list[Owner]
    outcomes: list[Any]
    """Each outcome of a step that was written, and when by the database's clock."""


def summon(engine: Engine) -> None:
    """Let a witness watch a database from now on."""
    sqlite = engine.dialect.name == "sqlite"
    with engine.begin() as connection:
        for statement in _ON_SQLITE if sqlite else _ON_POSTGRESQL:
            connection.exec_driver_sql(statement)


def evidence(url: str) -> Evidence:
    """Hear what the database and its witness know."""
    engine = Database(url).engine
    try:
        with Session(engine) as session:
            return Evidence(
                runs=list(session.exec(select(Run))),
                steps=list(session.exec(select(Step))),
                recorded=list(session.exec(select(Recorded))),
                waits=list(session.exec(select(Wait))),
                places=list(session.exec(select(Place))),
                owners=list(session.exec(select(Owner))),
                outcomes=list(session.connection().execute(text("SELECT * FROM witnessed"))),
            )
    finally:
        engine.dispose()


def now_of(url: str) -> datetime:
    """Answer what time it is by the clock of a PostgreSQL."""
    engine = Database(url).engine
    try:
        with engine.connect() as connection:
            now = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            assert isinstance(now, datetime)
            return now
    finally:
        engine.dispose()
