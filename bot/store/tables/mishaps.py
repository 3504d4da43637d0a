"""What went wrong in the bot itself."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from bot.store.columns import moment


class Mishap(SQLModel, table=True):
    """A kind of error that nobody foresaw, in one hour (`2026-03-01T09`), and how often.

    `what` is the error's class and `where` a line of our code; neither holds a value.
    """

    kind: str = Field(primary_key=True)
    hour: str = Field(primary_key=True)
    what: str
    where: str
    times: int = 0
    first_at: datetime = moment()
    last_at: datetime = moment()
