"""A PostgreSQL database's schema, brought to the SQL files of a revision by psql."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from resources.errors import NoWayBack, OrbitsError, Refused, ScriptFailed
from resources.executors import Executor, Script
from resources.library.postgres.connection import PostgresConnection
from resources.library.postgres.files import PostgresFile, read_postgres_files
from resources.library.postgres.report import PsqlReport, verdict_of
from resources.library.postgres.script import (
    DONE,
    NO_WAY_BACK,
    NOTHING_STAYS,
    OBSERVED,
    REFUSED,
    PostgresScript,
    PsqlScript,
)
from resources.library.sql import differences
from resources.library.sql.refusals import nothing_would_stay
from resources.model.resource import Difference, Plan, Resource

OBSERVED_BYTES = 16_000_000


class PostgresSchema(BaseModel):
    """How far a schema has come: the newest of its files, and how many there are."""

    model_config = ConfigDict(frozen=True)

    newest: str | None
    files: int


class _File(BaseModel):
    name: str
    checksum: str
    done: bool


class _ByHand(BaseModel):
    object: str
    recorded: str | None
    observed: str | None


class _Observed(BaseModel):
    """What the database says of itself."""

    files: list[_File] = []
    by_hand: list[_ByHand] = []

    def applied(self) -> list[str]:
        return [file.name for file in self.files if file.done]

    def by_name(self) -> dict[str, _File]:
        return {file.name: file for file in self.files}


class PostgresMigration(Resource):
    """A schema of a PostgreSQL database to which the files of a folder are applied, in order.

        await self.do("sql-migrate", PostgresMigration(
            connection=PostgresConnection(
                host="db.internal", database="acme", user="migrator", password="env:ACME_DATABASE",
            ),
            directory=source.path / "migrations",
            executor=executor,
        ))

    The files are `0001_users.sql` and, where there is a way back, `0001_users.down.sql`; without
    it a rollback past that file is refused before anything moves. They are sent along, so the
    executor needs `psql` and nothing else; the password goes by its environment. The server is of
    version 12 or later; before 14 it may notice late that a psql was killed.

    Each file is one transaction. One with the line `-- orbits:no-transaction` is none, so that
    `CREATE INDEX CONCURRENTLY` can stand in it: cut off in the middle it is run again, so let it
    begin with `DROP INDEX CONCURRENTLY IF EXISTS`. An applied file may not change, and a new one
    comes last. Killed at any moment, it is run again: the server undoes what was begun, and frees
    the lock.

    A rollback uses the ways down as they were when their files were applied. So does an update
    that is part of a rollback; yet let a stack have a `define_rollback` that takes the schema back
    first, as the example's `BackendResource` does: where there is no way, nothing else has moved.
    An empty folder is a service without migrations yet; where there is none, all is refused.
    """

    connection: PostgresConnection
    directory: Path
    executor: Executor
    db_schema: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")] = "public"
    """It is made where it is not there; what a file does not qualify is made in it."""
    psql: str = "psql"
    timeout: timedelta = timedelta(minutes=10)
    """How long all files together may take, and the wait for others who migrate the schema."""
    lock_timeout: timedelta = timedelta(seconds=10)
    """How long a statement waits for a table that others use, while others queue behind it."""
    drop_on_uninstall: bool = False
    """The consent to lose the data: without it, an uninstall is refused."""
    take_back_everything: bool = False
    """The consent to lose all data: without it, a rollback that leaves no file applied is refused.

    What is in a folder that was renamed since, or is another one, looks like that."""

    def identity(self) -> str:
        """Answer `migrations-{host}:{port}/{database}/{schema}`."""
        return f"migrations-{self.connection.name}/{self.db_schema}"

    async def output(self) -> PostgresSchema:
        """Answer how far the schema has come."""
        applied = (await self._observe()).applied()
        return PostgresSchema(newest=applied[-1] if applied else None, files=len(applied))

    async def define_update(self) -> None:
        """Apply the files that are not applied yet; as part of a rollback, go back to them.

        Raises `ScriptFailed` at the first bad one, and `Refused` where the files are not those
        that were applied.
        """
        if self.goes_back():
            await self.define_rollback()
        else:
            files = await self._desired()
            await self._run(self._script(files).up())

    async def define_rollback(self) -> None:
        """Take back what is applied and not in the folder, newest first, a transaction each.

        Raises `NoWayBack`, and changes nothing, where one of them has no way down, and `Refused`
        where nothing would stay and `take_back_everything` does not consent to that.
        """
        files = await self._desired()
        await self._run(self._script(files).back(everything=self.take_back_everything))

    async def define_plan(self) -> Plan:
        """Answer which files would be applied, and whether they name what takes data away.

        Among them are those that would be refused, as they were edited since they were applied.
        Before the first success there may be no place yet where the database could be asked:
        then these are all files.
        """
        files = await self._desired()
        never = self.last_good() is None
        known = {} if never else (await self._observe()).by_name()
        found = [
            (file, _difference(file.checksum, known.get(file.name), file.name)) for file in files
        ]
        changes = [(file, difference) for file, difference in found if difference is not None]
        return Plan(
            changes=tuple(difference for _, difference in changes),
            destructive=not never and any(file.loses_data for file, _ in changes),
        )

    async def define_cycle(self) -> list[Difference]:
        """Answer what was changed by hand, and which files are applied that should not be.

        What differs is for people to put right, in a file: nothing is taken away by itself.
        """
        desired = {file.name: file.checksum for file in await self._desired()}
        observed = await self._observe()
        known = observed.by_name()
        compared = [
            _difference(desired.get(name), known.get(name), name)
            for name in sorted({*desired, *known})
        ]
        return [
            *(difference for difference in compared if difference is not None),
            *(
                differences.changed_by_hand(each.object, each.recorded, each.observed)
                for each in observed.by_hand
            ),
        ]

    async def define_uninstall(self) -> None:
        """Drop the schema with all its data, where `drop_on_uninstall` consents to that."""
        if not self.drop_on_uninstall:
            raise Refused(
                f"{self.identity()} is not dropped: all its data would be lost. Say "
                "`drop_on_uninstall=True` where that is meant. Nothing was changed."
            )
        await self._run(self._script([]).drop())

    def _script(self, files: list[PostgresFile]) -> PostgresScript:
        return PostgresScript(self.db_schema, files, self.lock_timeout)

    async def _desired(self) -> list[PostgresFile]:
        return await asyncio.to_thread(read_postgres_files, self.directory)

    async def _run(self, script: PsqlScript) -> None:
        """Run a script that changes something, and raise what its verdict is."""
        report = PsqlReport(script.places, self.log)
        try:
            result = await self.executor.execute(await self._psql(script), report.hear)
        except ScriptFailed as failed:
            raise report.failure(failed) from failed
        finally:
            report.end()
        match verdict_of(result.output):
            case (kind, _) if kind == DONE:
                return
            case (kind, why) if kind == NO_WAY_BACK:
                raise NoWayBack(
                    f"{self.identity()} cannot be rolled back: {why}. Nothing was changed."
                )
            case (kind, _) if kind == NOTHING_STAYS:
                raise nothing_would_stay(self.identity(), self.directory)
            case (kind, why) if kind == REFUSED:
                raise Refused(f"{self.identity()} is refused: {why}. Nothing was changed.")
            case _:
                raise self._ended_early()

    async def _observe(self) -> _Observed:
        script = self._script([]).observe()
        sent = (await self._psql(script)).model_copy(update={"kept": OBSERVED_BYTES})
        kind, observed = verdict_of((await self.executor.execute(sent)).output)
        if kind != OBSERVED:
            raise self._ended_early()
        return _Observed.model_validate_json(observed)

    async def _psql(self, script: PsqlScript) -> Script:
        password = self.connection.password
        revealed = None if password is None else await self.reveal(password)
        return Script(
            argv=(self.psql, "-XqAtw", "-v", "ON_ERROR_STOP=1", "-f", "-"),
            stdin=script.text,
            environment=self.connection.variables(f"orbits {self.run_id}", revealed),
            timeout=self.timeout,
        )

    def _ended_early(self) -> OrbitsError:
        return OrbitsError(
            f"{self.identity()}: psql ended without saying how. Its connection may have been "
            "closed by others; look at its output, and retry: what is applied stays so."
        )


def _difference(desired: str | None, applied: _File | None, name: str) -> Difference | None:
    """Answer how a file that is desired by its checksum, or applied, or both, differs."""
    if applied is not None and desired is not None and not applied.done:
        return differences.cut_off(name)
    return differences.of_file(name, desired, None if applied is None else applied.checksum)
