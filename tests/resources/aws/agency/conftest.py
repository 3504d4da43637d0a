"""An agency at AWS and on GitHub, which has nothing yet, and an engine for its stacks."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from bot.engine.engine import Engine
from bot.github.repositories import GithubRepositories
from bot.store.database import Database
from resources.masking import Masks
from resources.secrets import Secrets
from tests.postgres import Postgres
from tests.resources.aws.agency.agency_on_aws import SERVICES, TENANTS, AgencyOnAws
from tests.resources.aws.agency.landing_zone import furnished_organization
from tests.resources.aws.cloud import Cloud
from tests.resources.aws.faithful_cloudformation import FaithfulCloudFormation
from tests.resources.aws.lasting_invalidations import lasting_invalidations
from tests.resources.aws.leaping_clock import LeapingClock
from tests.resources.aws.working_ecs import working_ecs
from tests.resources.on_github import OnGitHub, on_github
from tests.resources.schemas import psql_or_skip
from tests.resources.service_repository import ServiceRepository


@pytest.fixture
def at_aws(
    cloud: Cloud, tmp_path: Path, repository: Callable[[str], ServiceRepository]
) -> Iterator[AgencyOnAws]:
    """The agency, whose tenants have no database."""
    with working_ecs(), lasting_invalidations():
        organization = furnished_organization()
        services = {name: repository(name) for name in SERVICES}
        yield AgencyOnAws(cloud.agency, organization, tmp_path / "home", services)


@pytest.fixture
async def with_databases(
    at_aws: AgencyOnAws, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AgencyOnAws]:
    """The agency, whose tenants have an empty database each; their tasks have a psql."""
    psql = str(Path(psql_or_skip()).parent)
    monkeypatch.setenv("PATH", os.pathsep.join((psql, os.environ["PATH"])))
    for tenant in TENANTS:
        at_aws.databases[tenant] = postgres.new_database(migrated=False)
        await at_aws.keep_password(tenant)
    yield at_aws
    for url in at_aws.databases.values():
        postgres.drop(url)


@pytest.fixture
async def github(tmp_path: Path) -> AsyncIterator[OnGitHub]:
    """An organisation without repositories, whose App may make some."""
    async with on_github(tmp_path) as github:
        yield github


@pytest.fixture
def clock(at_aws: AgencyOnAws) -> LeapingClock:
    """The clock of the engine, and of AWS."""
    FaithfulCloudFormation.clock = clock = LeapingClock()
    return clock


@pytest.fixture
async def engine(
    database: Database, at_aws: AgencyOnAws, github: OnGitHub, clock: LeapingClock
) -> AsyncIterator[Engine]:
    """An engine with what the bot gives to stacks, whose waits nobody has to sit through."""
    masks = Masks()
    secrets = Secrets(*at_aws.fleet().secrets, hear=masks.add)
    given = (GithubRepositories(github.door), github.logins(), secrets, masks)
    async with Engine(database, clock=clock, given=given, masks=masks) as engine:
        yield engine
