"""What goes when a tenant's stack is uninstalled, and what stays and says so."""

import shutil

import pytest

from bot.engine.engine import Engine
from bot.store.database import Database
from resources.errors import StepFailed
from tests.resources.agency import Agency
from tests.step_logs import printed_on


async def test_a_stack_that_holds_no_data_goes_with_its_account(
    engine: Engine, agency: Agency, first: dict[str, str]
) -> None:
    stack = agency.stack("acme", {"auth": first["auth"]})
    await engine.run(stack)
    await engine.run(agency.stack("globex", first))

    await engine.run(stack, "uninstall")
    await engine.run(stack, "uninstall")

    assert not (agency.home / "accounts" / "acme").exists()
    assert agency.conf("globex", "auth") == "first of globex: Hello globex"
    assert (agency.home / "repositories" / "auth.git").exists()

    await engine.run(stack)
    assert agency.conf("acme", "auth") == "first of acme: Hello acme"


async def test_an_account_with_data_in_it_stays_and_says_so(
    engine: Engine, database: Database, agency: Agency, first: dict[str, str]
) -> None:
    stack = agency.stack("acme", first)
    await engine.run(stack)

    with pytest.raises(StepFailed) as refused:
        await engine.run(stack, "uninstall")

    account = agency.home / "accounts" / "acme"
    assert refused.value.step == "account-uninstall"
    assert refused.value.reason == (
        "account-acme is not closed: backend, frontend still live in it. Uninstall them first, or "
        f"remove {account} by hand. Nothing was changed."
    )
    data = account / "backend" / "database.sqlite3"
    assert (
        f"The database {data} of backend-acme stays, with all its data: no uninstall takes data "
        "away. Keep a copy of what somebody may need, then remove that file by hand."
    ) in printed_on(database).splitlines()
    assert agency.tables("acme") == ["users"]
    assert not (account / "backend" / "app.conf").exists()


async def test_with_its_database_removed_by_hand_the_account_goes_too(
    engine: Engine, agency: Agency, first: dict[str, str]
) -> None:
    del first["frontend"]
    stack = agency.stack("acme", first)
    await engine.run(stack)
    with pytest.raises(StepFailed):
        await engine.run(stack, "uninstall")
    (agency.home / "accounts" / "acme" / "backend" / "database.sqlite3").unlink()

    await engine.run(stack, "uninstall")

    assert not (agency.home / "accounts" / "acme").exists()


async def test_what_was_deployed_before_goes_too(
    engine: Engine, agency: Agency, first: dict[str, str]
) -> None:
    del first["backend"]
    await engine.run(agency.stack("acme", first))
    shutil.rmtree(agency.cdn("acme").directory)

    await engine.run(agency.stack("acme", {"auth": first["auth"]}), "uninstall")

    assert not (agency.home / "accounts" / "acme").exists()
