"""The agency of the example in AWS, from nothing to nothing: other leaves, the same steps."""

import json
import re

import pytest
from sqlmodel import col, select

from bot.engine.engine import Engine
from bot.store.database import Database
from bot.store.tables import Recorded
from resources.errors import StepFailed
from resources.example import TenantsFailed
from resources.example.on_aws import AwsTenants
from resources.model.resource import Difference
from tests.resources.aws.agency.agency_on_aws import (
    PASSWORD,
    SERVICES,
    TENANTS,
    UNIQUE,
    USERS,
    AgencyOnAws,
)
from tests.resources.on_github import OnGitHub
from tests.step_logs import printed_on

SYNTHESIZED = [f"synthesized {name}: first\n" for name in ("Auth", "Backend", "Frontend")]


@pytest.mark.thorough
async def test_two_tenants_from_nothing_to_nothing(
    engine: Engine,
    with_databases: AgencyOnAws,
    github: OnGitHub,
    database: Database,
) -> None:
    agency = with_databases
    first, second = await installed(engine, agency), agency.commit_all("second", UNIQUE)

    assert [printed_on(database).count(line) for line in SYNTHESIZED] == [1, 1, 1]
    assert sorted(github.agency.repositories) == list(SERVICES)
    assert github.asked("POST", "/repos") == len(SERVICES)

    await updated_but_for_globex(engine, agency, second)

    assert await deployed(database) == {"stack-acme": second, "stack-globex": first}

    await found_and_taken_back(engine, agency, second)
    await refused_to_go(engine, agency, second)
    for tenant, revisions in zip(TENANTS, (second, first), strict=True):
        await engine.run(agency.stack(tenant, revisions, leaves=True), "uninstall")
        assert (agency.stacks(tenant), agency.tables(tenant)) == ([], [])
        assert agency.state(tenant) == "PENDING_CLOSURE"

    assert await deployed(database) == {}
    assert PASSWORD not in printed_on(database)


async def installed(engine: Engine, agency: AgencyOnAws) -> dict[str, str]:
    """Install both tenants, each in an account of its own; answer the revisions."""
    first = agency.commit_all("first", USERS)

    assert await rolled_out(engine, agency, first) == dict.fromkeys(TENANTS, first)

    assert sorted(agency.organization.emails()) == [
        "aws+acme@agency.example",
        "aws+globex@agency.example",
    ]
    for tenant in TENANTS:
        assert agency.greetings(tenant) == dict.fromkeys(SERVICES, "first")
        assert agency.stacks(tenant) == list(SERVICES)
        assert agency.tables(tenant) == ["users"]
        assert agency.invalidations(tenant) == 1
    return first


async def updated_but_for_globex(
    engine: Engine, agency: AgencyOnAws, second: dict[str, str]
) -> None:
    """Roll out what does not fit the data of globex, which is put back to what it had."""
    agency.changes_database("globex", "INSERT INTO users VALUES ('maya'), ('maya')")
    with pytest.raises(StepFailed) as failed:
        await rolled_out(engine, agency, second)

    assert re.sub(r"run [0-9a-f]{24}", "run 7f3c", failed.value.reason) == (
        "1 of 2 tenants failed, the others were updated.\n"
        "globex: The step `sql-migrate` of backend-globex failed: `psql -XqAtw -v ON_ERROR_STOP=1 "
        "-f -` ended with status 3. Its last lines:\n"
        '0002_unique_email.sql, line 1: ERROR:  could not create unique index "one_account"\n'
        "DETAIL:  Key (email)=(maya) is duplicated.\n"
        "Nothing of 0002_unique_email.sql was applied. (run 7f3c)"
    )
    assert isinstance(failed.value.cause, TenantsFailed)
    assert failed.value.cause.facts["updated"] == ["acme"]
    assert agency.greetings("acme") == dict.fromkeys(SERVICES, "second")
    assert agency.greetings("globex") == dict.fromkeys(SERVICES, "first")
    assert (agency.indexes("acme"), agency.indexes("globex")) == (["one_account"], [])
    assert agency.invalidations("acme") == 2


async def found_and_taken_back(engine: Engine, agency: AgencyOnAws, second: dict[str, str]) -> None:
    """Let somebody change a parameter in an account, and a deployment take it back."""
    acme = agency.stack("acme", second)
    assert await engine.run(acme, "cycle") == []
    await agency.greets_by_hand("acme", "auth", "by hand")

    assert await engine.run(acme, "cycle") == [
        Difference(path="auth/Greeting6F1C2B77/Value", desired="second", observed="by hand")
    ]
    await engine.run(acme)
    assert agency.greetings("acme") == dict.fromkeys(SERVICES, "second")


async def refused_to_go(engine: Engine, agency: AgencyOnAws, second: dict[str, str]) -> None:
    """Uninstall a tenant without consent: nothing happens."""
    with pytest.raises(StepFailed) as refused:
        await engine.run(agency.stack("acme", second), "uninstall")

    assert refused.value.reason == (
        "stack-acme is not uninstalled: acme would lose its data, and its AWS account. Say "
        "`consents_to_loss=True`, or name acme among the `leaving` of the fleet, where that is "
        "meant. Nothing was changed."
    )
    assert agency.stacks("acme") == list(SERVICES)


async def rolled_out(engine: Engine, agency: AgencyOnAws, revisions: dict[str, str]) -> object:
    """Bring both tenants to revisions."""
    stacks = tuple(agency.stack(tenant, revisions) for tenant in TENANTS)
    notifications = agency.home / "notifications.jsonl"
    rollout = AwsTenants(rollout=revisions["backend"], stacks=stacks, notifications=notifications)
    return await engine.run(rollout)


async def deployed(database: Database) -> dict[str, dict[str, str]]:
    """Answer the revisions that tenants' stacks are recorded with."""
    chosen = select(Recorded).where(col(Recorded.identity).startswith("stack-"))
    rows = await database.read(lambda session: list(session.exec(chosen)))
    return {row.identity: json.loads(row.output or "null") for row in rows}
