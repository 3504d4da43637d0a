"""What steps printed, as whoever reads the store finds it: masked, and written within a second."""

from sqlmodel import Session, col, select

from bot.store.database import Database
from bot.store.tables import Printed


def printed_on(database: Database) -> str:
    """Answer all that the steps of all runs printed, in its order."""
    query = select(Printed).order_by(col(Printed.at), col(Printed.number))
    with Session(database.engine) as session:
        return "".join(piece.text for piece in session.exec(query))
