"""Schemas that a service's own tool brings about: the real Alembic, and fakes that behave."""

import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.engine.engine import Engine
from bot.store.database import Database
from resources.errors import NoWayBack, Refused, StepFailed
from resources.executors import LocalExecutor
from resources.library import AlembicMigration, DbmateMigration, YoyoMigration
from resources.library.sql.tools import ToolMigration
from resources.model.resource import Resource
from resources.secrets import EnvironmentSecrets, Secrets
from tests.resources.schemas import paths

ENV = """
import os
from alembic import context
from sqlalchemy import create_engine
with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """
from alembic import op
revision, down_revision = {name!r}, {before!r}
def upgrade(): op.execute("CREATE TABLE {name} (id int)")
def downgrade(): op.execute("DROP TABLE {name}")
"""

# Keeps what is applied in a file, and knows a file's way back only by the file itself.
FAKE = """#!{python} -IS
import os, pathlib, sys
kept = pathlib.Path(os.environ["DATABASE_URL"].removeprefix("fake:"))
applied = kept.read_text().split() if kept.exists() else []
words, folder = sys.argv[1:], pathlib.Path("db/migrations")
files = sorted(path.name for path in folder.glob("*.sql"))
assert os.environ["DATABASE_URL"] not in words
if "--migrations-dir" in words and not folder.is_dir():
    sys.exit("Error: could not find migrations directory `db/migrations`")
def roll_back(name):
    assert name in files, "cannot find " + name
    applied.remove(name)
match words:
    case ["--no-dump-schema", "--migrations-dir", "db/migrations", "status"]:
        for name in files:
            print("[X]" if name in applied else "[ ]", name)
        print("\\nApplied: %d\\nPending: %d" % (len(applied), len(set(files) - set(applied))))
    case ["--no-dump-schema", "--migrations-dir", "db/migrations", "rollback"]:
        roll_back(max(applied))
    case ["list", "--batch"]:
        print("STATUS    ID    SOURCE\\n--------  ----  ------")
        for name in files:
            print("\\x1b[1mA\\x1b[0m" if name in applied else "U", "     ", name, "  db")
    case ["rollback", "--batch", "--revision", name]:
        roll_back(name)
    case ["--no-dump-schema", "--migrations-dir", _, "migrate"] | ["apply", "--batch"]:
        applied += sorted(set(files) - set(applied))
    case _:
        sys.exit("unknown: %r" % words)
kept.write_text(" ".join(applied))
"""
TWO_WAYS = "-- migrate:up\nup;\n-- migrate:down\ndown;\n"


class Service(Resource):
    """A service whose author wrote no way back."""

    migration: DbmateMigration

    def identity(self) -> str:
        return "backend-acme"

    async def define_update(self) -> None:
        await self.do("sql-migrate", self.migration)


Tools = Callable[[str, list[str]], ToolMigration]


def alembic_project(folder: Path, names: list[str]) -> Path:
    """Make a project whose revisions make a table each."""
    (folder / "m" / "versions").mkdir(parents=True, exist_ok=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = m\n")
    (folder / "m" / "env.py").write_text(ENV)
    for before, name in zip([None, *names], names, strict=False):
        text = REVISION.format(name=name, before=before)
        (folder / "m" / "versions" / f"{name}.py").write_text(text)
    return folder


def fake_tool(name: str, folder: Path) -> None:
    """Make a program that behaves as dbmate and yoyo do."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(FAKE.format(python=sys.executable))
    (folder / name).chmod(0o755)


@pytest.fixture
def alembic(tmp_path: Path) -> Tools:
    """Answer an Alembic project at a revision of a service."""

    def at(revision: str, names: list[str]) -> AlembicMigration:
        folder = alembic_project(tmp_path / revision, names)
        environment = {"DATABASE_URL": f"sqlite:///{tmp_path}/tenant.db"}
        return AlembicMigration(
            name="acme", directory=folder, executor=LocalExecutor(), environment=environment
        )

    return at


@pytest.fixture(params=[DbmateMigration, YoyoMigration])
def fake(request: pytest.FixtureRequest, tmp_path: Path) -> Tools:
    """Answer a project of a tool that need not be installed, at a revision of a service."""
    return fake_of(request.param, tmp_path)


@pytest.fixture
def dbmate(tmp_path: Path) -> Tools:
    return fake_of(DbmateMigration, tmp_path)


def fake_of(kind: type[ToolMigration], tmp_path: Path) -> Tools:
    fake_tool(kind.tool, tmp_path / "bin")

    def at(revision: str, names: list[str]) -> ToolMigration:
        folder = tmp_path / revision / "db" / "migrations"
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / name).write_text(TWO_WAYS)
        path = os.pathsep.join((str(tmp_path / "bin"), os.environ["PATH"]))
        wanted: dict[str, Any] = {
            "name": "acme",
            "directory": tmp_path / revision,
            "executor": LocalExecutor(environment={"PATH": path}),
            "environment": {"DATABASE_URL": f"fake:{tmp_path}/tenant"},
        }
        return kind.model_validate(wanted)

    return at


def move(folder: Path, to: Path) -> None:
    folder.rename(to)


def tables(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "tenant.db")) as connection:
        query = "SELECT name FROM sqlite_master WHERE name NOT LIKE '%alembic%' ORDER BY 1"
        return [name for (name,) in connection.execute(query)]


def applied(folder: Path) -> list[str]:
    return (folder / "tenant").read_text().split()


async def test_alembic_goes_forwards_and_back(
    engine: Engine, alembic: Tools, tmp_path: Path
) -> None:
    await engine.run(alembic("two", ["a1", "b2"]))
    assert tables(tmp_path) == ["a1", "b2"]

    await engine.run(alembic("one", ["a1"]), "rollback")

    assert tables(tmp_path) == ["a1"]


@pytest.mark.thorough
async def test_alembic_says_what_it_would_do_and_what_differs(
    engine: Engine, alembic: Tools
) -> None:
    await engine.run(alembic("one", ["a1"]))
    new = alembic("two", ["a1", "b2"])

    assert paths((await engine.run(new, "plan")).changes) == ["migrations/b2"]
    assert paths(await engine.run(new, "cycle")) == ["migrations/b2", "migrations/a1"]
    await engine.run(new)
    assert await engine.run(new, "cycle") == []


async def test_a_tool_goes_forwards_and_back(engine: Engine, fake: Tools, tmp_path: Path) -> None:
    await engine.run(fake("one", ["1_a.sql"]))
    new = fake("two", ["1_a.sql", "2_b.sql", "3_c.sql"])
    assert paths((await engine.run(new, "plan")).changes) == [
        "migrations/2_b.sql",
        "migrations/3_c.sql",
    ]
    await engine.run(new)
    assert applied(tmp_path) == ["1_a.sql", "2_b.sql", "3_c.sql"]

    await engine.run(fake("one", ["1_a.sql"]), "rollback")

    assert applied(tmp_path) == ["1_a.sql"]


async def test_what_is_applied_and_should_not_be_is_found(engine: Engine, fake: Tools) -> None:
    await engine.run(fake("two", ["1_a.sql", "2_b.sql"]))

    found = await engine.run(fake("one", ["1_a.sql", "3_c.sql"]), "cycle")

    assert [(each.path, each.desired) for each in found] == [
        ("migrations/3_c.sql", "applied"),
        ("migrations/2_b.sql", None),
    ]


async def test_dbmate_does_not_forget_a_file_without_a_way_down(
    engine: Engine, dbmate: Tools, tmp_path: Path
) -> None:
    new = dbmate("two", ["1_a.sql", "2_b.sql", "3_c.sql"])
    (tmp_path / "two" / "db" / "migrations" / "2_b.sql").write_text("up;\n-- migrate:down\n\n")
    await engine.run(dbmate("one", ["1_a.sql"]))
    await engine.run(new)

    with pytest.raises(StepFailed) as failed:
        await engine.run(dbmate("one", ["1_a.sql"]), "rollback")

    assert isinstance(failed.value.cause, NoWayBack)
    assert failed.value.reason == (
        "dbmate-acme cannot be rolled back: 2_b.sql has nothing after `-- migrate:down`. "
        "Nothing of it was changed."
    )
    assert applied(tmp_path) == ["1_a.sql", "2_b.sql", "3_c.sql"]


async def test_dbmate_takes_back_no_file_that_stays(
    engine: Engine, dbmate: Tools, tmp_path: Path
) -> None:
    new = dbmate("two", ["1_a.sql", "2_b.sql", "3_c.sql"])
    old = dbmate("one", ["1_a.sql", "3_c.sql"])
    await engine.run(old)
    await engine.run(new)

    with pytest.raises(StepFailed, match=r"takes back the latest file first, and 3_c\.sql stays"):
        await engine.run(old, "rollback")


async def test_what_is_declared_not_to_go_back_does_not(
    engine: Engine, fake: Tools, tmp_path: Path
) -> None:
    old = fake("one", ["1_a.sql"]).model_copy(update={"reversible": False})
    await engine.run(old)
    await engine.run(fake("two", ["1_a.sql", "2_b.sql"]))

    with pytest.raises(StepFailed, match="cannot be rolled back: it is declared not to be revers"):
        await engine.run(old, "rollback")

    assert applied(tmp_path) == ["1_a.sql", "2_b.sql"]


async def test_a_secret_reaches_the_tool_by_its_environment(
    database: Database, fake: Tools, tmp_path: Path
) -> None:
    secrets = Secrets(EnvironmentSecrets({"ACME": f"fake:{tmp_path}/tenant"}))
    secret = fake("one", ["1_a.sql"]).model_dump(mode="json")
    migration = type(fake("one", [])).model_validate(
        {**secret, "environment": {}, "secrets": {"DATABASE_URL": "env:ACME"}}
    )

    async with Engine(database, given=[secrets]) as engine:
        await engine.run(migration)

    assert applied(tmp_path) == ["1_a.sql"]


@pytest.mark.parametrize("command", ["update", "plan", "cycle", "rollback"])
async def test_a_folder_that_is_called_otherwise_at_a_revision_loses_nothing(
    engine: Engine, fake: Tools, tmp_path: Path, command: str
) -> None:
    await engine.run(fake("two", ["1_a.sql", "2_b.sql"]))
    lost = fake("one", ["1_a.sql"])
    move(tmp_path / "one", tmp_path / "elsewhere")

    with pytest.raises(StepFailed) as failed:
        await engine.run(lost, command)

    assert isinstance(failed.value.cause, Refused)
    assert failed.value.reason.startswith(f"There is no folder of migrations {tmp_path}/one")
    assert failed.value.reason.endswith("Nothing was changed.")
    assert applied(tmp_path) == ["1_a.sql", "2_b.sql"]


@pytest.mark.parametrize("command", ["update", "plan", "cycle", "rollback"])
async def test_dbmate_is_told_which_folder_is_missing(
    engine: Engine, dbmate: Tools, tmp_path: Path, command: str
) -> None:
    await engine.run(dbmate("two", ["1_a.sql", "2_b.sql"]))
    lost = dbmate("one", ["1_a.sql"])
    move(tmp_path / "one" / "db" / "migrations", tmp_path / "one" / "db" / "changes")

    with pytest.raises(StepFailed) as failed:
        await engine.run(lost, command)

    assert failed.value.reason == (
        f"There is no folder of migrations {tmp_path}/one/db/migrations, so nobody knows which "
        "files should be applied. Let `migrations` name it as it is called at this revision; where "
        "there are no migrations yet, make it, and leave it empty. Nothing was changed."
    )
    assert applied(tmp_path) == ["1_a.sql", "2_b.sql"]


async def test_a_rollback_that_leaves_nothing_needs_consent(
    engine: Engine, fake: Tools, tmp_path: Path
) -> None:
    none = fake("none", [])
    await engine.run(none)
    await engine.run(fake("two", ["1_a.sql", "2_b.sql"]))

    with pytest.raises(StepFailed) as failed:
        await engine.run(none, "rollback")

    assert isinstance(failed.value.cause, Refused)
    assert failed.value.reason == (
        f"{none.identity()} is not rolled back: nothing that is applied is among the files of "
        f"{tmp_path}/none, so all of it would be taken back, with every row. Let `directory` name "
        "the folder as it is called at that revision, or deploy a new revision instead; where the "
        "loss is meant, say `take_back_everything=True`. Nothing was changed."
    )
    assert applied(tmp_path) == ["1_a.sql", "2_b.sql"]
    await engine.run(none.model_copy(update={"take_back_everything": True}), "rollback")
    assert applied(tmp_path) == []


async def test_alembic_does_not_go_back_to_nothing_without_consent(
    engine: Engine, alembic: Tools, tmp_path: Path
) -> None:
    await engine.run(alembic("two", ["a1", "b2"]))

    with pytest.raises(StepFailed, match="so all of it would be taken back, with every row"):
        await engine.run(alembic("none", []), "rollback")

    assert tables(tmp_path) == ["a1", "b2"]


async def test_an_update_that_is_part_of_a_rollback_goes_back(
    engine: Engine, dbmate: Tools, tmp_path: Path
) -> None:
    first = Service.model_validate({"migration": dbmate("one", ["1_a.sql"])})
    await engine.run(first)
    await engine.run(Service.model_validate({"migration": dbmate("two", ["1_a.sql", "2_b.sql"])}))

    await engine.run(first, "rollback")

    assert applied(tmp_path) == ["1_a.sql"]


async def test_without_the_newest_files_nobody_goes_back(
    engine: Engine, fake: Tools, tmp_path: Path
) -> None:
    old = fake("one", ["1_a.sql"])
    await engine.run(old)
    await engine.run(fake("two", ["1_a.sql", "2_b.sql"]))
    move(tmp_path / "two", tmp_path / "tidied")

    with pytest.raises(StepFailed) as failed:
        await engine.run(old, "rollback")

    assert isinstance(failed.value.cause, Refused)
    assert failed.value.reason == (
        f"{old.identity()} can neither be looked at nor rolled back: the folder {tmp_path}/two of "
        "the revision that was deployed last is not where the tool runs, and only its files know "
        "the way back. Deploy that revision again, so that this worker has it, then roll back. "
        "Nothing was changed."
    )
    assert applied(tmp_path) == ["1_a.sql", "2_b.sql"]
