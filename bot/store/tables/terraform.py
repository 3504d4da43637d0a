"""The states of Terraform modules: all versions, what was imported, and who may write one."""

from datetime import datetime

from sqlalchemy import Column, LargeBinary, Text
from sqlmodel import Field, SQLModel

from bot.store.columns import moment


class TerraformState(SQLModel, table=True):
    """A version of a module's state, as Terraform wrote it; `version` rises with each.

    `serial` and `lineage` are Terraform's own, `md5` and `size` those of the text. `body` is
    compressed; empty where the state was deleted. `run_id` names the run that wrote it, or who
    put it back by hand.
    """

    identity: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    serial: int
    lineage: str
    md5: str
    size: int
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    run_id: str
    at: datetime = moment()


class TerraformImport(SQLModel, table=True):
    """An object that a module did not make: it was there before, and taken into its state."""

    identity: str = Field(primary_key=True)
    address: str = Field(primary_key=True)


class TerraformLock(SQLModel, table=True):
    """Who may write a module's state. It holds for as long as the run has the same `token`.

    `info` is what Terraform says of itself, as JSON.
    """

    identity: str = Field(primary_key=True)
    lock_id: str
    run_id: str
    token: int
    info: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = moment()
