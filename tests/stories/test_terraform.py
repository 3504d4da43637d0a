"""The whole bot keeps the state of a module that it applies, and says where it is reached."""

from functools import partial
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlmodel import Session, select
from starlette.applications import Starlette

from bot.engine.engine import wanted_of
from bot.processes import _own_address
from bot.settings import Settings
from bot.simulated.serving import serving
from bot.states import State
from bot.store.tables import Recorded, Run
from resources.library import TerraformModule
from tests.engine.engines import enqueued
from tests.resources.infrastructure import SITE, terraform_or_skip
from tests.stories.world import World

ACME = "terraform-acme"


def ended(run_id: str, session: Session) -> bool:
    run = session.get(Run, run_id)
    return run is not None and run.state.terminal


async def test_a_worker_applies_a_module_whose_state_the_bot_keeps(
    world: World, tmp_path: Path
) -> None:
    terraform_or_skip()
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "main.tf").write_text(SITE)
    acme = TerraformModule(
        name="acme",
        directory=tmp_path / "deploy",
        home=tmp_path / "terraform",
        variables={"color": "red"},
    )
    parts = world.process.parts
    async with serving(Starlette(routes=world.process.web.routes)) as parts.address:
        run_id = await enqueued(parts.database, wanted_of(acme), parts.clock.now())
        await world.until(partial(ended, run_id))

    states = world.stored(lambda session: session.get_one(Run, run_id).state)
    assert states is State.SUCCEEDED
    (output,) = world.stored(
        lambda session: session.exec(select(Recorded.output).where(Recorded.identity == ACME)).all()
    )
    assert output == '{"values":{"color":"red"},"sensitive":["password"]}'


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [
        ("127.0.0.1", 8080, "http://127.0.0.1:8080"),
        ("0.0.0.0", 8080, "http://127.0.0.1:8080"),  # noqa: S104 (nothing is bound)
        ("::", 80, "http://[::1]:80"),
        ("fd00::1", 80, "http://[fd00::1]:80"),
        ("orbits.internal", 80, "http://orbits.internal:80"),
        ("127.0.0.1", 0, None),
    ],
)
def test_a_process_knows_where_its_own_machine_reaches_it(
    host: str, port: int, address: str | None
) -> None:
    assert _own_address(host, port) == address


@pytest.mark.parametrize(
    "address",
    ["orbits.example.com", "ftp://orbits.example.com", "https://a:b@c.example", "http://"],
)
async def test_an_address_that_is_none_is_refused(world: World, address: str) -> None:
    right = world.process.parts.settings.model_dump()

    with pytest.raises(ValidationError, match="is no address of the bot, such as https://orbits"):
        Settings.model_validate({**right, "public_url": address})


async def test_the_address_that_the_operator_sets_goes_before_the_own(world: World) -> None:
    parts = world.process.parts
    parts.address = "http://127.0.0.1:8080"
    assert parts.public_address == "http://127.0.0.1:8080"

    parts.settings = parts.settings.model_copy(update={"public_url": "https://orbits.example.com"})

    assert parts.public_address == "https://orbits.example.com"
