"""Modules of a real Terraform, tried without a bot."""

import asyncio
import gc
import json
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.engine.engine import Engine
from bot.store.database import Database
from resources.errors import StepFailed
from resources.library import TerraformModule
from resources.library.terraform.states import StateAccess
from resources.testing import Crashed, Rehearsal, RehearsedStates
from tests.resources.infrastructure import SITE, terraform_or_skip
from tests.resources.shop import Shop

ACME = "terraform-acme"
QUEUE = '\nresource "terraform_data" "queue" {\n}\n'


class ShopByTerraform(Shop):
    module: TerraformModule

    def infrastructure(self) -> TerraformModule:
        return self.module


@pytest.fixture
def module(tmp_path: Path) -> Callable[..., TerraformModule]:
    """Write a module, and answer it for a tenant."""
    terraform_or_skip()

    def make(text: str = SITE, revision: str = "a", **arguments: Any) -> TerraformModule:
        directory = tmp_path / revision
        directory.mkdir(exist_ok=True)
        (directory / "main.tf").write_text(text)
        given = {"variables": {"color": "red"}} | arguments
        return TerraformModule(name="acme", directory=directory, home=tmp_path / "home", **given)

    return make


async def test_a_module_is_rehearsed_from_its_plan_to_its_end(
    module: Callable[..., TerraformModule],
) -> None:
    world, acme = Rehearsal(secrets={"env:PASSWORD": "correct-horse"}), module()
    plan = await world.do(acme, command="plan")
    assert [(each.path, each.desired) for each in plan.changes] == [
        ("terraform/terraform_data.site", "created")
    ]

    outputs = await world.do(acme)

    assert outputs["color"] == "red"
    assert await world.do(acme, command="cycle") == []
    blue = module(variables={"color": "blue"}, secrets={"password": "env:PASSWORD"})
    assert (await world.do(blue))["color"] == "blue"
    assert "correct-horse" not in world.log
    await world.do(module(may_destroy=True), command="uninstall")
    assert world.recorded(ACME) is None
    assert await world.do(acme, command="cycle") == []


async def test_a_way_back_of_a_module_is_rehearsed(
    module: Callable[..., TerraformModule],
) -> None:
    world = Rehearsal()
    await world.do(ShopByTerraform(module=module()))
    added = ShopByTerraform(module=module(SITE + QUEUE, "b"), broken=True)

    with pytest.raises(StepFailed, match="The shop does not open"):
        await world.do(added)

    assert "as it was made since the last success: terraform_data.queue\n" in world.log
    assert await world.do(module(), command="cycle") == []


async def test_a_process_that_dies_after_it_applied_goes_on_with_the_same_state(
    module: Callable[..., TerraformModule],
) -> None:
    world, shop = Rehearsal(), ShopByTerraform(module=module())
    world.crash_in("infrastructure")
    with pytest.raises(Crashed):
        await world.do(shop)

    await world.resume()

    assert world.log.count("Creation complete") == 1


async def test_an_engine_without_a_bot_is_given_states(
    module: Callable[..., TerraformModule], database: Database
) -> None:
    async with Engine(database, given=[RehearsedStates()]) as engine:
        outputs = await engine.run(module())

    assert outputs["color"] == "red"


def asked(access: StateAccess, method: str, body: bytes = b"", query: str = "") -> tuple[int, str]:
    """Answer the status and the body of a request."""
    login = b64encode(f"{access.user}:{access.password}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 (it is on loopback)
        f"{access.address}{query}",
        data=body or None,
        headers={"Authorization": f"Basic {login}"},
        method=method,
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


async def test_a_state_is_written_by_whoever_holds_its_lock_and_came_last() -> None:
    states = RehearsedStates()
    first = await states.access(ACME, "run-1")
    mine, other = (json.dumps({"ID": each}).encode() for each in ("mine", "other"))

    def ask(*arguments: Any) -> Any:
        return asyncio.to_thread(asked, *arguments)

    assert await ask(first, "GET") == (404, "")
    assert await ask(first, "LOCK", mine) == (200, "")
    assert await ask(first, "LOCK", other) == (423, mine.decode())
    assert await ask(first, "POST", b"{}", "?ID=other") == (423, mine.decode())
    assert await ask(first, "POST", b"{}", "?ID=mine") == (200, "")
    assert await ask(first, "GET") == (200, "{}")
    assert await states.newest(ACME) == b"{}"

    second = await states.access(ACME, "run-2")
    assert await ask(first, "GET") == (401, "")
    assert await ask(second, "LOCK", other) == (200, "")
    assert await ask(second, "UNLOCK", other) == (200, "")


async def test_states_are_not_served_when_nobody_has_them_any_more() -> None:
    states = RehearsedStates()
    access = await states.access(ACME, "run-1")
    del states
    gc.collect()

    async with asyncio.timeout(10):
        while await asyncio.to_thread(is_served, access):
            pass


def is_served(access: StateAccess) -> bool:
    try:
        asked(access, "GET")
    except OSError:
        return False
    return True
