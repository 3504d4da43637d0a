"""What a way back takes away: what was made since the last success, and nothing else."""

import asyncio
import json
from datetime import timedelta

import pytest

from bot.states import State
from bot.store.database import Database
from bot.terraform_state import versions
from resources.errors import StepFailed
from resources.library import TerraformModule
from tests.resources.infrastructure import SITE, Infrastructure, behind, until
from tests.resources.shop import Shop

ACME = "terraform-acme"
ADDED = """
resource "terraform_data" "queue" {
}

module "store" {
  source   = "./store"
  for_each = toset(["a \\"b\\""])
}
"""
STORE = """
resource "terraform_data" "shelf" {
  count = 2
}
"""
GOES = "To be removed on the way back, as it was made since the last success: "


class ShopByTerraform(Shop):
    module: TerraformModule

    def infrastructure(self) -> TerraformModule:
        return self.module


def first(infrastructure: Infrastructure) -> ShopByTerraform:
    return ShopByTerraform(module=infrastructure.module())


def second(
    infrastructure: Infrastructure, added: str = ADDED, *, broken: bool = True, revision: str = "b"
) -> ShopByTerraform:
    """Answer the shop at a later revision, which has something more."""
    directory = infrastructure.write(revision=revision, main=SITE, added=added)
    (directory / "store").mkdir()
    (directory / "store" / "main.tf").write_text(STORE)
    return ShopByTerraform(module=infrastructure.module(directory=directory), broken=broken)


async def succeeds(infrastructure: Infrastructure, shop: ShopByTerraform) -> None:
    """Bring the shop about, and let a little more time pass than clocks may differ."""
    async with infrastructure.engine() as engine:
        await engine.run(shop)
    infrastructure.clock.passes(timedelta(seconds=15))


async def fails(
    infrastructure: Infrastructure, shop: ShopByTerraform, command: str | None = None
) -> StepFailed:
    """Answer how it fails."""
    async with infrastructure.engine() as engine:
        with pytest.raises(StepFailed) as failed:
            await engine.run(shop, command)
    return failed.value


async def addresses(database: Database) -> list[str]:
    """Answer what there is, by kind and name."""
    state = await database.read(lambda session: versions.newest(session, ACME))
    assert state is not None
    read = json.loads(state)["resources"]
    return sorted(f"{each.get('module', '')} {each['name']}".strip() for each in read)


async def test_what_was_added_before_a_failure_is_removed_on_the_way_back(
    infrastructure: Infrastructure, database: Database
) -> None:
    await succeeds(infrastructure, first(infrastructure))

    failed = await fails(infrastructure, second(infrastructure))

    assert str(failed.cause) == "The shop does not open."
    assert await addresses(database) == ["site"]
    told = [line for line in infrastructure.log.splitlines() if line.startswith(GOES)]
    assert sorted(line.removeprefix(GOES) for line in told) == [
        'module.store["a \\"b\\""].terraform_data.shelf[0]',
        'module.store["a \\"b\\""].terraform_data.shelf[1]',
        "terraform_data.queue",
    ]


async def test_what_was_there_at_the_last_success_needs_consent_on_the_way_back(
    infrastructure: Infrastructure, database: Database
) -> None:
    old = first(infrastructure)
    await succeeds(infrastructure, old)
    new = second(infrastructure, 'resource "terraform_data" "queue" {\n}\n', broken=False)
    await succeeds(infrastructure, new)
    more = ADDED.replace("queue", "other")
    broken = second(infrastructure, ADDED + more[: more.index("module")], revision="c")
    await fails(infrastructure, broken.model_copy(update={"takes_back": False}))

    failed = await fails(infrastructure, old, "rollback")

    begin, _, end = str(failed.cause).partition(" (20")
    assert begin == (
        "terraform-acme is not taken back, as that would destroy what was there at the last "
        "success of the whole"
    )
    assert end[end.index(" UTC") :] == (
        " UTC, or 10 seconds later), and what is in it:\n"
        "- delete terraform_data.queue (delete because no resource config)\n"
        "What was made since then needs no consent. Say `may_destroy=True` where that is meant, "
        "or deploy a revision that has these. Nothing was changed."
    )
    assert len(await addresses(database)) == 4
    consents = old.module.model_copy(update={"may_destroy": True})
    async with infrastructure.engine() as engine:
        await engine.run(old.model_copy(update={"module": consents}), "rollback")
    assert await addresses(database) == ["site"]


async def test_where_the_whole_never_succeeded_nothing_goes_without_consent(
    infrastructure: Infrastructure, database: Database
) -> None:
    old = first(infrastructure)
    async with infrastructure.engine() as engine:
        # What it stands on has succeeded: that does not count.
        await engine.run(old.module)
    infrastructure.clock.passes()
    await fails(infrastructure, second(infrastructure))

    failed = await fails(infrastructure, Returning(module=old.module))

    assert str(failed.cause).startswith(
        "terraform-acme is not taken back, as that would destroy what is there, and what is in it:"
        "\n- delete "
    )
    assert str(failed.cause).endswith(
        "\nAs the whole never succeeded, nothing of it goes without consent. Say "
        "`may_destroy=True` where that is meant, or deploy a revision that has these. Nothing was "
        "changed."
    )
    assert len(await addresses(database)) == 3


class Returning(ShopByTerraform):
    """Takes what it stands on back to begin with."""

    async def define_update(self) -> None:
        await self.do("put-back", self.module, command="rollback")


@pytest.mark.thorough
async def test_an_update_by_itself_still_needs_consent(
    infrastructure: Infrastructure, database: Database
) -> None:
    old = first(infrastructure).model_copy(update={"takes_back": False})
    await succeeds(infrastructure, old)
    added = second(infrastructure).model_copy(update={"takes_back": False})
    await fails(infrastructure, added)

    failed = await fails(infrastructure, old)

    assert "terraform-acme is not applied, as it would destroy what is there" in str(failed)
    assert len(await addresses(database)) == 3


MOVED = """
resource "terraform_data" "page" {
  input = var.color
}

moved {
  from = terraform_data.site
  to   = terraform_data.page
}

output "color" {
  value = terraform_data.page.output
}
"""


@pytest.mark.parametrize(
    ("added", "there"),
    [
        pytest.param("", "page", id="moved"),
        pytest.param(
            'resource "terraform_data" "old" {\n}\n\n'
            'import {\n  to = terraform_data.old\n  id = "older"\n}\n',
            "old",
            id="imported",
        ),
    ],
)
async def test_what_got_another_place_or_was_imported_is_not_new(
    infrastructure: Infrastructure, database: Database, added: str, there: str
) -> None:
    old = first(infrastructure)
    await succeeds(infrastructure, old)
    broken = second(infrastructure, added)
    if there == "page":
        variables, _, _ = SITE.partition("resource")
        (broken.module.directory / "main.tf").write_text(variables + MOVED)

    failed = await fails(infrastructure, broken)

    assert f"\n- delete terraform_data.{there} (" in str(failed.cause)
    assert there in await addresses(database)


@pytest.mark.thorough
async def test_what_was_made_moments_after_the_last_success_may_be_of_that(
    infrastructure: Infrastructure, database: Database
) -> None:
    async with infrastructure.engine() as engine:
        await engine.run(first(infrastructure))

    failed = await fails(infrastructure, second(infrastructure))

    assert "UTC, or 10 seconds later), and what is in it:\n- delete " in str(failed.cause)
    assert len(await addresses(database)) == 3


async def test_a_way_back_that_was_cut_off_takes_away_the_same(
    infrastructure: Infrastructure, database: Database
) -> None:
    began, go = infrastructure.folder / "began", infrastructure.folder / "go"
    waiting = f"touch {began}\nwhile [ ! -e {go} ]; do sleep 0.05; done"
    slow = behind(infrastructure.folder / "bin", "plan", waiting)
    go.touch()
    old = ShopByTerraform(module=infrastructure.module(binary=str(slow)))
    await succeeds(infrastructure, old)
    go.unlink()
    async with infrastructure.engine() as engine:
        began.unlink()
        run_id = await engine.submit(second(infrastructure))
        await until(began.exists)
    infrastructure.clock.passes()
    go.touch()

    async with infrastructure.engine() as engine:
        async with asyncio.timeout(60):
            outcome = await engine.outcome(run_id)

    assert outcome.state is State.FAILED
    assert outcome.failure is not None
    assert "The shop does not open." in str(outcome.failure.error())
    assert await addresses(database) == ["site"]
