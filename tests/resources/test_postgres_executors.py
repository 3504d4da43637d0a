"""A PostgreSQL schema that is migrated from wherever psql is; the password goes there unseen."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.engine.engine import Engine
from bot.store.database import Database
from resources.executors import Executor, LocalExecutor, SandboxExecutor, SshExecutor
from resources.executors.sandbox import sandbox_works
from resources.secrets import Secret
from tests.resources.executors.ssh_server import SshServer, ssh_server
from tests.resources.schemas import BOTH, PASSWORD, USERS, Schema, printed_in


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with ssh_server(tmp_path_factory.mktemp("ssh")) as server:
        yield server


@pytest.fixture(params=[LocalExecutor, SandboxExecutor, SshExecutor])
def executor(request: pytest.FixtureRequest, schema: Schema, tmp_path: Path) -> Executor:
    """Answer an executor that reaches psql, and the socket of the server."""
    if request.param is SandboxExecutor:
        if not sandbox_works():
            pytest.skip("no sandbox works here: apt install bubblewrap, allow user namespaces")
        if os.geteuid() == 0:
            pytest.skip("in a sandbox root is nobody, whom the server's socket refuses")
        seen = (Path(str(schema.connection().host)), Path(schema.psql).parents[1], tmp_path)
        return SandboxExecutor(readable=tuple(path for path in seen if path.is_absolute()))
    if request.param is SshExecutor:
        there: SshServer = request.getfixturevalue("server")
        return there.executor(tmp_path / "ssh")
    return LocalExecutor()


async def test_it_goes_forwards_and_back_wherever_psql_is(
    database: Database, schema: Schema, executor: Executor
) -> None:
    psql = schema.recording_psql()
    options = {
        "executor": executor,
        "connection": schema.connection(password=PASSWORD),
        "psql": schema.psql if isinstance(executor, SandboxExecutor) else str(psql.path),
    }
    secrets = schema.secrets()
    value = await secrets.reveal(Secret(reference=PASSWORD))
    async with Engine(database, given=[secrets]) as engine:
        await engine.run(schema.at("one", USERS, **options))
        await engine.run(schema.at("two", BOTH, **options))
        assert schema.tables() == ["orders", "users"]
        await engine.run(schema.at("one", USERS, **options), "rollback")
        assert await engine.run(schema.at("one", USERS, **options), "cycle") == []

    assert schema.tables() == ["users"]
    assert value not in "\n".join(await printed_in(database))
    if not isinstance(executor, SandboxExecutor):
        assert f"PGPASSWORD={value}\n" in psql.environment
        assert value not in psql.argv
