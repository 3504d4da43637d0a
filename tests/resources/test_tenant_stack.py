"""The stack that authors derive theirs from: what it asks of services, and how it is stored."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from resources.errors import OrbitsError, StepFailed
from resources.example import MyStack
from resources.example.stack import RollbackFailed as StoredUntilNow
from resources.fleet import Desired
from resources.model.resource import Resource
from resources.tenant_stack import RollbackFailed, TenantStack
from resources.testing import Rehearsal, rehearsed

OLD, NEW, NEVER = "0" * 40, "1" * 40, "2" * 40


class Part(Resource):
    """A service that is a line in a file, and cannot be brought to one of its commits."""

    service: ClassVar[str]

    tenant: str
    home: Path
    repository: str
    revision: str
    variables: Mapping[str, str] = {}

    def identity(self) -> str:
        return f"{self.service}-{self.tenant}"

    async def define_update(self) -> None:
        if self.revision == NEVER:
            raise OrbitsError("out of order")
        await self.says(f"{self.service} at {self.revision[:3]} in {self.variables['region']}")

    async def define_uninstall(self) -> None:
        await self.says(f"{self.service} removed")

    async def says(self, line: str) -> None:
        def write() -> None:
            with (self.home / "done.txt").open("a") as file:
                file.write(f"{line}\n")

        await asyncio.to_thread(write)


class Api(Part):
    service = "api"


class Site(Part):
    service = "site"


class Shop(TenantStack):
    kinds = (Api, Site)


class OneWay(Site):
    async def define_rollback(self) -> None:
        raise OrbitsError("no way back")


class OneWayShop(TenantStack):
    kinds = (Api, OneWay)


SOURCES = {"api": "/api", "site": "/site"}


def wanted(api: str, site: str, **more: object) -> Desired:
    rest = {"tenant": "acme", "variables": {"region": "Vienna"}}
    return Desired.model_validate({**rest, "revisions": {"api": api, "site": site}, **more})


class Story:
    """A tenant of the shop, in a folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.world = Rehearsal()

    async def gets(
        self, desired: Desired, kind: type[TenantStack] = Shop, command: str = "update"
    ) -> list[str]:
        """Answer what was done to the services, in its order."""
        before = self.done()
        await self.world.do(kind.of(desired, home=self.home, sources=SOURCES), command=command)
        return self.done()[len(before) :]

    async def does_not_get(
        self, desired: Desired, kind: type[TenantStack] = Shop
    ) -> tuple[StepFailed, list[str]]:
        """Answer why not, and what was done."""
        before = self.done()
        with pytest.raises(StepFailed) as failed:
            await self.gets(desired, kind)
        return failed.value, self.done()[len(before) :]

    def done(self) -> list[str]:
        file = self.home / "done.txt"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


@rehearsed
async def test_all_services_go_back_where_one_fails(story: Story) -> None:
    await story.gets(wanted(OLD, OLD))

    failed, done = await story.does_not_get(wanted(NEW, NEVER))

    assert failed.rolled_back
    assert done == ["api at 111 in Vienna", "site at 000 in Vienna", "api at 000 in Vienna"]
    assert story.world.log == ("site-acme is back at 0000000.\napi-acme is back at 0000000.\n")


@rehearsed
async def test_what_a_rollout_wants_to_be_left_is_left(story: Story) -> None:
    await story.gets(wanted(OLD, OLD))

    failed, done = await story.does_not_get(wanted(NEW, NEVER, put_back=False))

    assert not failed.rolled_back
    assert done == ["api at 111 in Vienna"]


@rehearsed
async def test_a_way_back_that_fails_is_told_with_both_reasons(story: Story) -> None:
    await story.gets(wanted(OLD, OLD), OneWayShop)

    failed, _ = await story.does_not_get(wanted(NEW, NEVER), OneWayShop)

    assert isinstance(failed.cause, RollbackFailed)
    assert "out of order" in failed.reason
    assert "no way back" in failed.reason


@rehearsed
async def test_the_order_is_that_of_the_rollout(story: Story) -> None:
    assert await story.gets(wanted(OLD, OLD, stages=(("site",), ("api",)))) == [
        "site at 000 in Vienna",
        "api at 000 in Vienna",
    ]


@rehearsed
async def test_all_that_was_deployed_is_uninstalled_the_last_one_first(story: Story) -> None:
    await story.gets(wanted(OLD, OLD))

    api = Desired(tenant="acme", revisions={"api": OLD})
    assert await story.gets(api, command="uninstall") == ["site removed", "api removed"]
    assert story.world.recorded("stack-acme") is None


def test_a_stack_is_stored_as_ever() -> None:
    stack = MyStack(
        tenant="acme", revisions={"auth": OLD}, home=Path("/home"), sources={"auth": "/auth"}
    )
    assert stack.model_dump_json() == (
        f'{{"tenant":"acme","revisions":{{"auth":"{OLD}"}},"home":"/home",'
        '"sources":{"auth":"/auth"},"variables":{},"stages":[],"put_back":true}'
    )


def test_failures_that_were_stored_are_known() -> None:
    assert StoredUntilNow is RollbackFailed
