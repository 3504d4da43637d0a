"""Alembic's entry: runs the migrations on the connection that `bot.store.schema` hands over."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import AutoString, SQLModel

import bot.store.tables  # noqa: F401 (the tables register themselves)
from bot.store.columns import Moment, StateText


def rendered(kind: str, item: object, generated: AutogenContext) -> str | Literal[False]:
    """Write our types into a new migration by names that it imports."""
    if kind == "type" and isinstance(item, Moment):
        generated.imports.add("from bot.store.columns import Moment, StateText")
        return "Moment()"
    if kind == "type" and isinstance(item, StateText):
        return "sa.Text()"
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=rendered,
)
with context.begin_transaction():
    context.run_migrations()
