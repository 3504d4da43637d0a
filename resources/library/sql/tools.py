"""Schemas that are brought about by a tool which a service already has: Alembic, dbmate, yoyo."""

import asyncio
import re
from abc import abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Self

from resources.errors import NoWayBack, Refused, ScriptFailed
from resources.executors import Executor, Script
from resources.library.names import Slug
from resources.library.sql.differences import not_applied, not_desired
from resources.library.sql.refusals import newest_is_gone, no_folder, nothing_would_stay
from resources.model.resource import Difference, Plan, Resource
from resources.secrets import Secret

_ALEMBIC_REVISION = re.compile(r"^(\w+)(?: \(head\))?$", re.MULTILINE)
_DBMATE_FILE = re.compile(r"^\[(X| )\] (\S+)$", re.MULTILINE)
_DBMATE_DOWN = re.compile(r"^--\s*migrate:down\b[^\n]*\n(?=.*\S)", re.MULTILINE | re.DOTALL)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_DBMATE_NO_FOLDER = "could not find migrations directory"
_YOYO_FILE = re.compile(r"^(A|U)\s+(\S+)", re.MULTILINE)


class ToolMigration(Resource):
    """What the tools have in common: a folder at a revision, and a database in the environment.

    The tool's own commands decide what is applied, and in which way, so it neither notices edited
    files nor changes by hand as `PostgresMigration` does, and a plan cannot say whether data
    would be lost. The database goes by variables, its password among `secrets`. A rollback runs
    in the folder of the last success, since only the newer files know the way back from them:
    where that is gone, it is refused.

    An update that is part of a rollback takes back as well; yet let a stack have a
    `define_rollback` that takes the schema back first, as the example's `BackendResource` does:
    where there is no way, nothing else has moved.
    """

    tool: ClassVar[str]

    name: Slug
    directory: Path
    executor: Executor
    environment: Mapping[str, str] = {}
    secrets: Mapping[str, Secret] = {}
    timeout: timedelta = timedelta(minutes=10)
    reversible: bool = True
    """Whether the way back may be taken: without it a rollback is refused before anything moves."""
    take_back_everything: bool = False
    """The consent to lose all data: without it, a rollback that leaves no file applied is refused.

    What is in a folder that was renamed since, or is another one, looks like that."""

    def identity(self) -> str:
        """Answer `{tool}-{name}`."""
        return f"{self.tool}-{self.name}"

    async def define_update(self) -> None:
        """Apply what is not applied; as part of a rollback, first take back what is too much."""
        if self.goes_back() and await self._surplus():
            await self.define_rollback()
        else:
            await self.apply()

    async def define_plan(self) -> Plan:
        """Answer which files would be applied; before the first success nobody is asked."""
        if self.last_good() is None:
            return Plan()
        return Plan(changes=tuple(map(not_applied, await self.pending())))

    async def define_cycle(self) -> list[Difference]:
        """Answer which files are not applied, or are and should not be."""
        surplus = await self._surplus()
        return [*map(not_applied, await self.pending()), *map(not_desired, surplus)]

    async def define_rollback(self) -> None:
        """Take back what is applied and not in the folder; raises `NoWayBack`.

        Raises `Refused` where nothing would stay and `take_back_everything` does not consent to
        that, and where the newest folder is gone.
        """
        if not self.reversible:
            raise self._no_way_back("it is declared not to be reversible")
        surplus, newest = await self._surplus(), self._newest()
        if surplus and not self.take_back_everything and not await self.staying(newest):
            raise nothing_would_stay(self.identity(), self.directory)
        await self.take_back(newest)
        await self.apply()

    @abstractmethod
    async def apply(self) -> None:
        """Apply what is not applied."""

    @abstractmethod
    async def pending(self) -> list[str]:
        """Answer which files of the folder are not applied."""

    @abstractmethod
    async def surplus(self, newest: Self) -> list[str]:
        """Answer which files of the newest folder are applied and not in this one, newest first."""

    @abstractmethod
    async def staying(self, newest: Self) -> list[str]:
        """Answer which files of the newest folder are applied, and in this one as well."""

    @abstractmethod
    async def take_back(self, newest: Self) -> None:
        """Take back what is surplus."""

    async def ask_tool(self, *arguments: str) -> str:
        """Run the tool in the folder, and answer what it printed.

        Raises `Refused` where there is no such folder, wherever the tool runs.
        """
        revealed = {name: await self.reveal(secret) for name, secret in self.secrets.items()}
        script = Script(
            argv=(self.tool, *arguments),
            cwd=self.directory,
            environment={**self.environment, **revealed},
            timeout=self.timeout,
        )
        try:
            return (await self.executor.execute(script, self.log)).output
        except ScriptFailed as failed:
            # By its words, which all executors share: no other machine's folder is seen from here.
            if f"could not be started: the folder {self.directory} " in str(failed):
                raise no_folder(self.directory) from failed
            raise

    async def _surplus(self) -> list[str]:
        """Answer what a rollback would take back."""
        newest = self._newest()
        try:
            return await self.surplus(newest)
        except Refused as refused:
            gone = str(newest.directory)
            if gone == str(self.directory) or refused.facts.get("folder") != gone:
                raise
            raise newest_is_gone(self.identity(), newest.directory) from refused

    def _newest(self) -> Self:
        newest = self.last_good()
        return self if newest is None else newest.bound_to(self.scope)

    def _no_way_back(self, why: str) -> NoWayBack:
        return NoWayBack(
            f"{self.identity()} cannot be rolled back: {why}. Nothing of it was changed."
        )


class AlembicMigration(ToolMigration):
    """A database that `alembic` brings to the head of a folder's revisions.

        await self.do("sql-migrate", AlembicMigration(
            name="backend-acme", directory=source.path, executor=executor,
            secrets={"DATABASE_URL": "env:ACME_DATABASE_URL"},
        ))

    The folder holds `alembic.ini`; its `env.py` reads the address from the environment.
    """

    tool: ClassVar[str] = "alembic"

    async def apply(self) -> None:
        """Upgrade to the head."""
        await self.ask_tool("upgrade", "head")

    async def pending(self) -> list[str]:
        """Answer the head, where the database is not at it."""
        return sorted(set(await self._heads()) - set(await self._revisions("current")))

    async def surplus(self, newest: Self) -> list[str]:
        """Answer where the database is, where that is not at the head."""
        return sorted(set(await newest._revisions("current")) - set(await self._heads()))

    async def staying(self, newest: Self) -> list[str]:
        """Answer the head, to which it goes back."""
        return await self._heads()

    async def take_back(self, newest: Self) -> None:
        """Downgrade to this folder's head, as the newest folder knows how."""
        heads = await self._heads()
        if len(heads) > 1:
            raise self._no_way_back(f"its folder has {len(heads)} heads; merge them")
        if set(await newest._revisions("current")) - set(heads):
            await newest.ask_tool("downgrade", *(heads or ["base"]))

    async def _heads(self) -> list[str]:
        return await self._revisions("heads")

    async def _revisions(self, of: str) -> list[str]:
        return _ALEMBIC_REVISION.findall(await self.ask_tool(of))


class DbmateMigration(ToolMigration):
    """A database that `dbmate` brings to the files of `db/migrations`.

        await self.do("sql-migrate", DbmateMigration(
            name="backend-acme", directory=source.path, executor=executor,
            secrets={"DATABASE_URL": "env:ACME_DATABASE_URL"},
        ))

    Two of them at once are no match for each other: dbmate takes no lock of its own.
    """

    tool: ClassVar[str] = "dbmate"

    migrations: str = "db/migrations"

    async def apply(self) -> None:
        """Apply what is pending; the database itself is not made."""
        await self._dbmate("migrate")

    async def pending(self) -> list[str]:
        """Answer what `dbmate status` has no X before."""
        return [name for mark, name in await self._status() if mark == " "]

    async def surplus(self, newest: Self) -> list[str]:
        """Answer what is applied of the newest folder, and not in this one."""
        applied, known = await newest._applied(), await self._known()
        return [name for name in applied if name not in known]

    async def staying(self, newest: Self) -> list[str]:
        """Answer what is applied of the newest folder, and in this one."""
        applied, known = await newest._applied(), await self._known()
        return [name for name in applied if name in known]

    async def take_back(self, newest: Self) -> None:
        """Roll back once for each; a file without a way down would be forgotten untouched."""
        surplus = await self.surplus(newest)
        latest = (await newest._applied())[: len(surplus)]
        for name in sorted(set(latest) - set(surplus)):
            raise self._no_way_back(f"dbmate takes back the latest file first, and {name} stays")
        for name in surplus:
            text = await asyncio.to_thread((newest._folder / name).read_text)
            if not _DBMATE_DOWN.search(text):
                raise self._no_way_back(f"{name} has nothing after `-- migrate:down`")
        for _ in surplus:
            await newest._dbmate("rollback")

    @property
    def _folder(self) -> Path:
        return self.directory / self.migrations

    async def _known(self) -> set[str]:
        if not await asyncio.to_thread(self._folder.is_dir):
            raise no_folder(self._folder, "migrations")
        return {path.name for path in await asyncio.to_thread(list, self._folder.glob("*.sql"))}

    async def _applied(self) -> list[str]:
        status = await self._status()
        return sorted((name for mark, name in status if mark == "X"), reverse=True)

    async def _status(self) -> list[tuple[str, str]]:
        return _DBMATE_FILE.findall(await self._dbmate("status"))

    async def _dbmate(self, command: str) -> str:
        asked = ("--no-dump-schema", "--migrations-dir", self.migrations, command)
        try:
            return await self.ask_tool(*asked)
        except ScriptFailed as failed:
            if _DBMATE_NO_FOLDER in failed.tail:
                raise no_folder(self._folder, "migrations") from failed
            raise


class YoyoMigration(ToolMigration):
    """A database that `yoyo` brings to the files that the folder's `yoyo.ini` names.

        await self.do("sql-migrate", YoyoMigration(
            name="backend-acme", directory=source.path, executor=executor,
            secrets={"PGPASSWORD": "env:ACME_DATABASE"},
        ))

    `yoyo.ini` holds an address without a password: the database's own library reads that from
    the environment. Steps without a rollback are forgotten untouched: say `reversible=False`.
    """

    tool: ClassVar[str] = "yoyo"

    async def apply(self) -> None:
        """Apply what is not applied."""
        await self.ask_tool("apply", "--batch")

    async def pending(self) -> list[str]:
        """Answer what `yoyo list` has a U before."""
        return [name for mark, name in await self._listed() if mark == "U"]

    async def surplus(self, newest: Self) -> list[str]:
        """Answer what is applied of the newest folder, and not in this one."""
        applied, known = await newest._applied(), await self._known()
        return [name for name in applied if name not in known]

    async def staying(self, newest: Self) -> list[str]:
        """Answer what is applied of the newest folder, and in this one."""
        applied, known = await newest._applied(), await self._known()
        return [name for name in applied if name in known]

    async def take_back(self, newest: Self) -> None:
        """Roll each of them back, newest first."""
        for name in await self.surplus(newest):
            await newest.ask_tool("rollback", "--batch", "--revision", name)

    async def _known(self) -> set[str]:
        return {name for _, name in await self._listed()}

    async def _applied(self) -> list[str]:
        return sorted((name for mark, name in await self._listed() if mark == "A"), reverse=True)

    async def _listed(self) -> list[tuple[str, str]]:
        listed = await self.ask_tool("list", "--batch")
        return _YOYO_FILE.findall(_COLOUR.sub("", listed))
