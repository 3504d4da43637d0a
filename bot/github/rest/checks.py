"""Checks: what an App says of a commit, and may change for as long as it likes."""

from dataclasses import replace

from bot.github.answers import MOST_ANNOTATIONS, Annotation, CheckRun, Created
from bot.github.rest.paging import pages
from bot.github.rest.paths import path_of
from bot.github.rest.people import People
from bot.github.shapes import CheckOwner, Narrow
from bot.github.wire import Wire


class _Check(Narrow):
    id: int
    name: str
    external_id: str | None = None
    app: CheckOwner | None = None


class _Checks(Narrow):
    check_runs: tuple[_Check, ...]


class _Annotation(Narrow):
    path: str
    start_line: int
    end_line: int
    annotation_level: str | None = None
    message: str | None = None

    @property
    def said(self) -> tuple[str, int, int, str | None, str | None]:
        return self.path, self.start_line, self.end_line, self.annotation_level, self.message


class Checks:
    """The checks of a commit; writing them raises `AppNeeded` where the bot is a person."""

    def __init__(self, wire: Wire, people: People) -> None:
        self._wire = wire
        self._people = people

    async def create(self, repository: str, sha: str, check: CheckRun) -> int:
        """Put a check on a commit and answer its id."""
        path = path_of(repository, "check-runs")
        self._wire.demand_app("POST", path, "write checks")
        body = {"head_sha": sha, **check.body()}
        return (await self._wire.ask(Created, "POST", path, body=body)).id

    async def update(self, repository: str, check_id: int, check: CheckRun) -> None:
        """Replace what a check says, and add the annotations that it lacks; one write.

        GitHub adds each annotation to those that are there, however equal it is. A check that is
        made again, or whose last answer was lost, has its own already: so they are looked up.
        """
        path = path_of(repository, "check-runs", check_id)
        self._wire.demand_app("PATCH", path, "write checks")
        if check.annotations:
            check = replace(check, annotations=await self._lacking(path, check.annotations))
        await self._wire.ask(Created, "PATCH", path, body=check.body())

    async def find(self, repository: str, sha: str, name: str, external_id: str) -> int | None:
        """Answer the id of our own check of that name and external id on a commit."""
        me = await self._people.me()
        path = path_of(repository, "commits", sha, "check-runs")
        params = {"check_name": name, "filter": "all"}
        async for page in pages(self._wire, _Checks, path, params):
            for check in page.check_runs:
                ours = me.app_id is None or (check.app is not None and check.app.id == me.app_id)
                if ours and check.name == name and check.external_id == external_id:
                    return check.id
        return None

    async def _lacking(
        self, check: str, annotations: tuple[Annotation, ...]
    ) -> tuple[Annotation, ...]:
        there = [
            each.said
            async for page in pages(self._wire, tuple[_Annotation, ...], f"{check}/annotations")
            for each in page
        ]
        new = [each for each in annotations if each.said not in there]
        return tuple(new[: max(0, MOST_ANNOTATIONS - len(there))])
