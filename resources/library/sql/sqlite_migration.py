"""A database's schema, brought to the SQL files of a revision, forwards and back."""

import asyncio
import inspect
import json
import re
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel

from resources.errors import NoWayBack, ScriptFailed
from resources.executors import Executor, Script
from resources.library.sql import sqlite_migrate
from resources.library.sql.differences import changed_by_hand, not_applied, not_desired
from resources.library.sql.migration_files import read_migrations
from resources.library.sql.sqlite_migrate import NO_WAY_BACK, Migration
from resources.model.resource import Difference, Plan, Resource

OBSERVED_BYTES = 16_000_000

_LOSES_DATA = re.compile(r"\b(drop\s+(table|column)|delete\s+from|truncate)\b", re.IGNORECASE)


class _Observed(BaseModel):
    """What the database says of itself; schemas by object, such as `table users`."""

    applied: list[str]
    recorded: dict[str, str]
    observed: dict[str, str]

    def changed_by_hand(self) -> list[Difference]:
        """Answer which objects are not as the last file left them."""
        pairs = (
            (name, self.recorded.get(name), self.observed.get(name))
            for name in sorted({*self.recorded, *self.observed})
        )
        return [changed_by_hand(*pair) for pair in pairs if pair[1] != pair[2]]


class SqlMigration(Resource):
    """A SQLite database to which the files of a folder are applied, in their order.

        await self.do("sql-migrate", SqlMigration(
            database=outputs.database,
            directory=source.path / "migrations",
            executor=CloudExecutor(outputs),
        ))

    The files are `0001_users.sql` and, where there is a way back, `0001_users.down.sql`. They
    are sent along, so the executor needs the database and a `python3` (3.9 or later), nothing
    else. Each is one transaction. An applied file may not change, and a new one comes last. A
    rollback uses the ways down as they were when their files were applied.
    """

    database: Path
    directory: Path
    executor: Executor
    python: str = "python3"
    timeout: timedelta = timedelta(minutes=10)

    def identity(self) -> str:
        """Answer `migrations-{database}`."""
        return f"migrations-{self.database}"

    async def define_install(self) -> None:
        """Make again what a cycle found to be taken away by hand; what was added is left.

        A table or a column comes back without what was in it.
        """
        if self.last_good() is not None:
            await self.executor.execute(self._script("restore", []), self.log)

    async def define_update(self) -> None:
        """Apply the files that are not applied yet; raises `ScriptFailed` at the first bad one."""
        await self._migrate("up")

    async def define_rollback(self) -> None:
        """Take back what is applied and not in the folder, newest first.

        Raises `NoWayBack`, and changes nothing, where one of them has no way down.
        """
        try:
            await self._migrate("back")
        except ScriptFailed as failed:
            if failed.status != NO_WAY_BACK:
                raise
            raise NoWayBack(f"{self.identity()} cannot be rolled back: {failed.tail}") from failed

    async def define_plan(self) -> Plan:
        """Answer which files would be applied, and whether they name what takes data away.

        Before the first success there may be no place yet where the database could be asked:
        then these are all files.
        """
        migrations = await self._desired()
        never = self.last_good() is None
        applied = [] if never else (await self._observe()).applied
        pending = [migration for migration in migrations if migration.name not in applied]
        return Plan(
            changes=tuple(not_applied(migration.name) for migration in pending),
            destructive=not never and any(_LOSES_DATA.search(each.up) for each in pending),
        )

    async def define_cycle(self) -> list[Difference]:
        """Answer what was changed by hand, and which files are applied that should not be."""
        observed = await self._observe()
        desired = [migration.name for migration in await self._desired()]
        return [
            *(not_applied(name) for name in desired if name not in observed.applied),
            *(not_desired(name) for name in observed.applied if name not in desired),
            *observed.changed_by_hand(),
        ]

    async def _migrate(self, command: str) -> None:
        script = self._script(command, await self._desired())
        await self.executor.execute(script, self.log)

    async def _observe(self) -> _Observed:
        script = self._script("observe", []).model_copy(update={"kept": OBSERVED_BYTES})
        printed = await self.executor.execute(script)
        return _Observed.model_validate_json(printed.output.splitlines()[-1])

    async def _desired(self) -> list[Migration]:
        return await asyncio.to_thread(read_migrations, self.directory)

    def _script(self, command: str, migrations: list[Migration]) -> Script:
        """Answer a Python program with the files in it, to be read from standard input."""
        files = json.dumps([(each.name, each.up, each.down) for each in migrations])
        program = inspect.getsource(sqlite_migrate)
        call = f"import sys\nsys.exit(main(sys.argv[1:], json.loads({files!r})))\n"
        return Script(
            argv=(self.python, "-IS", "-", command, str(self.database)),
            stdin=f"{program}\n\n{call}",
            timeout=self.timeout,
        )
