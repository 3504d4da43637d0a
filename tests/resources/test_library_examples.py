"""The examples in the docstrings of the library, each run as it stands in a workflow."""

import inspect
import os
import textwrap
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import resources.library
from bot.engine.engine import Engine
from bot.store.database import Database
from resources.executors import LocalExecutor
from resources.library import (
    AlembicMigration,
    DbmateMigration,
    HttpCheck,
    PostgresConnection,
    PostgresMigration,
    RunScript,
    SlackNotification,
    SourceTree,
    YoyoMigration,
)
from resources.library.sql.tools import ToolMigration
from resources.model.workflow import Workflow
from resources.secrets import EnvironmentSecrets, Secrets
from tests.resources.schemas import USERS, Schema
from tests.resources.test_sql_tools import alembic_project, fake_tool
from tests.resources.web_server import WebServer, said, web_server


class Words:
    """What an example may name besides the library."""

    def __init__(self, folder: Path, executor: LocalExecutor) -> None:
        source = SourceTree(path=folder, revision="0" * 40)
        self.known: dict[str, Any] = vars(resources.library) | {
            "executor": executor,
            "source": source,
            "timedelta": timedelta,
        }


class Example(Workflow):
    """Carries out the lines of an example."""

    lines: str

    async def define(self) -> None:
        names = dict(self.given(Words).known)
        exec(f"async def example(self):\n{self.lines}", names)  # noqa: S102 (the library's own)
        await names["example"](self)


def example_of(documented: type, replaced: dict[str, str] | None = None) -> Example:
    """Answer the indented block of a docstring, with names of this machine for those in it."""
    lines = (inspect.getdoc(documented) or "").splitlines()
    block = "\n".join(line for line in lines if line.startswith("    "))
    assert block, f"{documented.__name__} has no example"
    for old, new in (replaced or {}).items():
        assert old in block
        block = block.replace(old, new)
    return Example(lines=textwrap.indent(textwrap.dedent(block), "    "))


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with web_server() as web:
        yield web


@pytest.fixture
async def engine(database: Database, tmp_path: Path, web: WebServer) -> AsyncIterator[Engine]:
    """An engine that knows the names and the secrets of the examples."""
    path = os.pathsep.join((str(tmp_path / "bin"), os.environ["PATH"]))
    executor = LocalExecutor(
        environment={"PATH": path, "DATABASE_URL": f"fake:{tmp_path}/tenant"},
    )
    secrets = EnvironmentSecrets(
        {
            "ACME_DATABASE": "correct-horse",
            "ACME_DATABASE_URL": f"sqlite:///{tmp_path}/tenant.db",
            "ACME_SLACK_WEBHOOK": f"{web.url}/services/T0/B0/x",
        }
    )
    given = [Words(tmp_path / "source", executor), Secrets(secrets)]
    async with Engine(database, given=given) as engine:
        yield engine


async def test_a_command(engine: Engine) -> None:
    await engine.run(example_of(RunScript))


async def test_a_health_check(engine: Engine, web: WebServer) -> None:
    web.answers("/health", said("200 OK", "ok"))

    await engine.run(example_of(HttpCheck, {"http://backend.internal:8080": web.url}))


async def test_a_message(engine: Engine, web: WebServer) -> None:
    web.answers("/services/T0/B0/x", said("200 OK", "ok"))

    await engine.run(example_of(SlackNotification))

    assert web.bodies == [b'{"text": "acme has its new orders page"}']


async def test_a_migration_by_alembic(engine: Engine, tmp_path: Path) -> None:
    alembic_project(tmp_path / "source", ["a1"])

    await engine.run(example_of(AlembicMigration))

    assert (tmp_path / "tenant.db").exists()


@pytest.mark.parametrize("tool", [DbmateMigration, YoyoMigration])
async def test_a_migration_by_a_tool(
    engine: Engine, tool: type[ToolMigration], tmp_path: Path
) -> None:
    fake_tool(tool.tool, tmp_path / "bin")
    folder = tmp_path / "source" / "db" / "migrations"
    folder.mkdir(parents=True)
    (folder / "1_a.sql").write_text("up")
    # The fake's address is in the executor's own environment.
    replaced = {'"DATABASE_URL": "env:ACME_DATABASE_URL"': ""} if tool is DbmateMigration else {}

    await engine.run(example_of(tool, replaced))

    assert (tmp_path / "tenant").read_text() == "1_a.sql"


async def test_a_migration_by_psql(engine: Engine, schema: Schema, tmp_path: Path) -> None:
    psql = tmp_path / "bin" / "psql"
    psql.parent.mkdir()
    psql.symlink_to(schema.psql)
    folder = tmp_path / "source" / "migrations"
    folder.mkdir(parents=True)
    for name, text in USERS.items():
        (folder / name).write_text(text)
    known = schema.connection()
    there = f'host="{known.host}", port={known.port}, database="{known.database}"'

    await engine.run(
        example_of(
            PostgresMigration,
            {
                'host="db.internal", database="acme"': there,
                'user="migrator"': f'user="{known.user}"',
            },
        )
    )

    assert schema.tables() == ["users"]


async def test_a_connection(engine: Engine) -> None:
    await engine.run(example_of(PostgresConnection))
