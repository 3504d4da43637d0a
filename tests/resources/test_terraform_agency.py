"""An agency that has chosen Terraform: two tenants from nothing to nothing."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.engine.engine import Engine
from resources.errors import StepFailed
from resources.executors import LocalExecutor
from resources.model.resource import Difference
from tests.resources.agency import BAD, ORDERS, USERS
from tests.resources.infrastructure import Infrastructure
from tests.resources.service_repository import ServiceRepository
from tests.resources.terraform_agency import TerraformAgency

TENANTS = ("acme", "globex")


@pytest.fixture
def agency(
    tmp_path: Path,
    repository: Callable[[str], ServiceRepository],
    files_provider: LocalExecutor,
) -> TerraformAgency:
    return TerraformAgency(tmp_path / "home", repository("backend"), files_provider)


@pytest.fixture
async def engine(infrastructure: Infrastructure) -> AsyncIterator[Engine]:
    async with infrastructure.engine() as engine:
        yield engine


def conf(agency: TerraformAgency, tenant: str) -> str:
    return (agency.account(tenant) / "app").read_text()


def tables(agency: TerraformAgency, tenant: str) -> list[str]:
    with closing(sqlite3.connect(agency.account(tenant) / "database.sqlite3")) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        names = [name for (name,) in connection.execute(query)]
    return [name for name in names if not name.startswith("orbits_")]


async def test_a_revision_that_fails_leaves_nothing_of_what_it_added(
    agency: TerraformAgency, infrastructure: Infrastructure
) -> None:
    first = agency.commit({"app": '"first of ${var.tenant}"'}, USERS)
    second = agency.commit({"app": '"second"', "queue": '"empty"'}, BAD)
    async with infrastructure.engine() as engine:
        await engine.run(agency.stack("acme", first))
    infrastructure.clock.passes()

    async with infrastructure.engine() as engine:
        with pytest.raises(StepFailed) as failed:
            await engine.run(agency.stack("acme", second))

    assert "`sql-migrate`" in str(failed.value)
    assert failed.value.rolled_back
    assert conf(agency, "acme") == "first of acme"
    assert not (agency.account("acme") / "queue").exists()
    assert tables(agency, "acme") == ["users"]


async def test_two_tenants_from_nothing_to_nothing(
    engine: Engine, agency: TerraformAgency, infrastructure: Infrastructure
) -> None:
    first = agency.commit({"app": '"first of ${var.tenant}"'}, USERS)

    # From nothing, by one `init` for both.
    assert await engine.run(agency.rollout(first, *TENANTS)) == dict.fromkeys(TENANTS, first)

    for tenant in TENANTS:
        assert conf(agency, tenant) == f"first of {tenant}"
        assert tables(agency, tenant) == ["users"]
    assert infrastructure.log.count("Terraform has been successfully initialized!") == 1

    # A second revision needs room for a file, where globex has a folder.
    second = agency.commit(
        {"app": '"second of ${var.tenant}"', "limits": "orbits_file.app.content"}, ORDERS
    )
    (agency.account("globex") / "limits").mkdir()
    with pytest.raises(StepFailed) as failed:
        await engine.run(agency.rollout(second, *TENANTS))

    assert failed.value.reason.startswith(
        "1 of 2 tenants failed, the others were updated.\n"
        "globex: The step `iac-deploy` of backend-globex failed: `terraform apply` of "
        "terraform-backend-globex failed: The file cannot be written. "
        f"{agency.account('globex')}/limits: Is a directory."
    )
    assert [conf(agency, tenant) for tenant in TENANTS] == ["second of acme", "first of globex"]
    assert [tables(agency, tenant) for tenant in TENANTS] == [["orders", "users"], ["users"]]
    assert f"backend-globex is back at {first['backend'][:7]}.\n" in infrastructure.log

    # Behind its back.
    acme = agency.stack("acme", second)
    (agency.account("acme") / "app").write_text("by hand")
    assert await engine.run(acme, "cycle") == [
        Difference(
            path="backend/terraform/orbits_file.app",
            desired="as it was applied",
            observed="changed since",
        )
    ]
    await engine.run(acme)
    assert conf(agency, "acme") == "second of acme"

    # To nothing: what the module made goes with consent, and the account once it is empty.
    with pytest.raises(StepFailed, match="it would destroy what is there"):
        await engine.run(acme, "uninstall")
    assert conf(agency, "acme") == "second of acme"
    (agency.account("globex") / "limits").rmdir()
    for tenant, revisions in zip(TENANTS, (second, first), strict=True):
        (agency.account(tenant) / "database.sqlite3").unlink()
        await engine.run(agency.stack(tenant, revisions, consents_to_loss=True), "uninstall")
        assert not agency.account(tenant).exists()
