"""A database's schema, brought to the SQL files of a revision, forwards and back."""

import asyncio
import inspect
import json
import re
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel

from resources.errors import NoWayBack, Refused, ScriptFailed
from resources.executors import Executor, Script
from resources.library.sql import sqlite_migrate
from resources.library.sql.differences import changed_by_hand, of_file
from resources.library.sql.migration_files import read_migrations
from resources.library.sql.refusals import nothing_would_stay
from resources.library.sql.sqlite_migrate import (
    NO_WAY_BACK,
    NOTHING_STAYS,
    REFUSED,
    Migration,
)
from resources.model.resource import Difference, Plan, Resource

OBSERVED_BYTES = 16_000_000

_LOSES_DATA = re.compile(r"\b(drop\s+(table|column)|delete\s+from|truncate)\b", re.IGNORECASE)


class _Observed(BaseModel):
    """What the database says of itself; schemas by object, such as `table users`.

    `applied` are the checksums of files; `no_place` says why there can be no database.
    """

    applied: dict[str, str]
    recorded: dict[str, str]
    observed: dict[str, str]
    no_place: str | None

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
    rollback uses the ways down as they were when their files were applied. So does an update that
    is part of a rollback; yet let a stack have a `define_rollback` that takes the schema back
    first, as the example's `BackendResource` does: where there is no way, nothing else has moved.

    An empty folder is a service without migrations yet; where there is none, all is refused.
    """

    database: Path
    directory: Path
    executor: Executor
    python: str = "python3"
    timeout: timedelta = timedelta(minutes=10)
    take_back_everything: bool = False
    """The consent to lose all data: without it, a rollback that leaves no file applied is refused.

    What is in a folder that was renamed since, or is another one, looks like that."""

    def identity(self) -> str:
        """Answer `migrations-{database}`."""
        return f"migrations-{self.database}"

    async def define_install(self) -> None:
        """Make again what a cycle found to be taken away by hand; what was added is left.

        A table or a column comes back without what was in it.
        """
        if self.last_good() is not None:
            await self._run(self._script("restore", []))

    async def define_update(self) -> None:
        """Apply the files that are not applied yet; as part of a rollback, go back to them.

        Raises `ScriptFailed` at the first bad one, and `Refused` where the files are not those
        that were applied.
        """
        if self.goes_back():
            await self.define_rollback()
        else:
            await self._migrate("up")

    async def define_rollback(self) -> None:
        """Take back what is applied and not in the folder, newest first.

        Raises `NoWayBack`, and changes nothing, where one of them has no way down, and `Refused`
        where nothing would stay and `take_back_everything` does not consent to that.
        """
        await self._migrate("back-everything" if self.take_back_everything else "back")

    async def define_plan(self) -> Plan:
        """Answer which files would be applied, and whether they name what takes data away.

        Among them are those that would be refused, as they were edited since they were applied.
        Before the first success there may be no place yet where the database could be asked:
        then these are all files. Later, `Refused` is raised where its folder is gone.
        """
        migrations = await self._desired()
        never = self.last_good() is None
        applied = {} if never else await self._applied()
        found = [
            (each, of_file(each.name, each.checksum, applied.get(each.name))) for each in migrations
        ]
        changes = [(each, difference) for each, difference in found if difference is not None]
        return Plan(
            changes=tuple(difference for _, difference in changes),
            destructive=not never and any(_LOSES_DATA.search(each.up) for each, _ in changes),
        )

    async def define_cycle(self) -> list[Difference]:
        """Answer what was changed by hand, and which files are applied that should not be."""
        desired = {migration.name: migration.checksum for migration in await self._desired()}
        observed = await self._observe()
        compared = [
            of_file(name, desired.get(name), observed.applied.get(name))
            for name in sorted({*desired, *observed.applied})
        ]
        found = [difference for difference in compared if difference is not None]
        return [*found, *observed.changed_by_hand()]

    async def _migrate(self, command: str) -> None:
        await self._run(self._script(command, await self._desired()))

    async def _run(self, script: Script) -> None:
        """Run what changes something, and raise what its status means."""
        try:
            await self.executor.execute(script, self.log)
        except ScriptFailed as failed:
            if failed.status == NO_WAY_BACK:
                why = f"{self.identity()} cannot be rolled back: {failed.tail}"
                raise NoWayBack(why) from failed
            if failed.status == NOTHING_STAYS:
                raise nothing_would_stay(self.identity(), self.directory) from failed
            if failed.status == REFUSED:
                raise Refused(f"{self.identity()} is refused: {failed.tail}") from failed
            raise

    async def _applied(self) -> dict[str, str]:
        observed = await self._observe()
        if observed.no_place is not None:
            raise Refused(f"{self.identity()} is refused: {observed.no_place}")
        return observed.applied

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
