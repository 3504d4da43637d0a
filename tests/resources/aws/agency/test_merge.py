"""Merges on GitHub reach the tenants' accounts in AWS, by the whole bot."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.drift.policies import refresh
from bot.simulated.github import PullRequest
from bot.states import State
from tests.resources.aws.agency.agency_on_aws import (
    SERVICES,
    TENANTS,
    UNIQUE,
    USERS,
    AgencyOnAws,
)
from tests.resources.aws.agency.merging_agency import WorldOnAws, merging
from tests.stories.drifting import looks
from tests.stories.world import Merge

TOLD_AT_ONCE = {"orbits.toml": "[drift]\ndetections = 1\n"}
EVERY_SERVICE = pytest.param(SERVICES, marks=pytest.mark.thorough)


@pytest.mark.parametrize("services", [("backend",), EVERY_SERVICE])
async def test_two_tenants_from_nothing_to_nothing_by_merges(
    with_databases: AgencyOnAws, migrated_file: Path, services: tuple[str, ...]
) -> None:
    async with merging(with_databases, migrated_file) as world:
        first = await installed(world, services)
        await updated_but_for_globex(world, services, first["backend"])
        await found_and_taken_back(world)
        await gone(world, services)


async def installed(world: WorldOnAws, services: tuple[str, ...]) -> dict[str, Merge]:
    """Merge for the first time, which installs each service, and an account for each tenant."""
    agency = world.in_aws
    first = await world.releases(services, "first", {**USERS, **TOLD_AT_ONCE})

    for tenant in TENANTS:
        assert agency.greetings(tenant) == dict.fromkeys(services, "first")
        assert agency.stacks(tenant) == list(services)
        assert agency.tables(tenant) == ["users"]
    assert agency.account("acme") != agency.account("globex")
    return first


async def updated_but_for_globex(world: WorldOnAws, services: tuple[str, ...], old: Merge) -> None:
    """Merge what does not fit the data of globex, which is put back to what it had."""
    agency = world.in_aws
    agency.changes_database("globex", "INSERT INTO users VALUES ('maya'), ('maya')")
    new = (await world.releases(services, "second", UNIQUE))["backend"]

    assert world.revisions("backend") == {"acme": new.sha, "globex": old.sha}
    others = dict.fromkeys(services, "second")
    assert agency.greetings("acme") == others
    assert agency.greetings("globex") == {**others, "backend": "first"}
    assert (agency.indexes("acme"), agency.indexes("globex")) == (["one_account"], [])
    comment = world.sticky_comment(new.pull)
    assert f"### ❌ backend → {new.short}: 1 of 2 tenants updated, 1 failed\n" in comment
    assert (
        f"| **globex** | {old.short} → {new.short} | ❌ step `sql-migrate`: `psql -XqAtw -v "
        f"ON_ERROR_STOP=1 -f -` ended with status 3 · rolled back to {old.short} · run 7f3c | 0s |"
    ) in comment


async def found_and_taken_back(world: WorldOnAws) -> None:
    """Let somebody change a parameter in an account, and maya have that repaired."""
    agency, parts = world.in_aws, world.process.parts
    await agency.greets_by_hand("acme", "backend", "by hand")
    world.clock.pass_by(timedelta(minutes=11))
    await refresh(parts.database, world.process.github, parts.clock, parts.fleet.services)
    await looks(world)

    issues = world.backend.issues.values()
    (issue,) = [each for each in issues if not isinstance(each, PullRequest)]
    assert (issue.title, issue.state) == ("acme is not as it should be", "open")

    await world.maya.comments(issue, "/orbits drift fix acme")
    await world.settles()

    assert agency.greetings("acme")["backend"] == "second"
    assert issue.state == "closed"


async def gone(world: WorldOnAws, services: tuple[str, ...]) -> None:
    """Let the tenants leave."""
    agency = world.in_aws
    for tenant in TENANTS:
        revisions = {name: world.revisions(name)[tenant] for name in services}
        run = await world.uninstalls(tenant, revisions)
        assert run.state is State.SUCCEEDED, run.failure
        assert (agency.stacks(tenant), agency.tables(tenant)) == ([], [])
        assert agency.state(tenant) == "PENDING_CLOSURE"
