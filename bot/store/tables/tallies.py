"""How often things happened."""

from sqlmodel import Field, SQLModel


class Tally(SQLModel, table=True):
    """How often something happened since the store was made, such as `cycle/clean`."""

    name: str = Field(primary_key=True)
    count: int = 0
