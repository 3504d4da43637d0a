"""AWS as its tests find it: moto's server, empty before each test."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from moto.cloudformation.models import CloudFormationBackend, cloudformation_backends
from moto.server import ThreadedMotoServer

from bot.engine.clock import SystemClock
from bot.engine.engine import Engine
from bot.store.database import Database
from resources.aws.connection import AwsConnection
from tests.resources.aws.cloud import Cloud
from tests.resources.aws.faithful_cloudformation import FaithfulCloudFormation
from tests.resources.aws.leaping_clock import LeapingClock
from tests.resources.aws.organization import (
    OrganizationOfAws,
    RolesOfAws,
    organization_of_aws,
    roles_of_aws,
)
from tests.resources.aws.script_places import Cluster, Host
from tests.resources.aws.working_ecs import working_ecs
from tests.resources.aws.working_ssm import working_ssm
from tests.resources.scripts import Witness

REGION = "eu-west-1"


@pytest.fixture(scope="session")
def aws_address() -> Iterator[str]:
    """Where moto answers in the place of AWS; whoever runs the tests is nobody there."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(name)
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        environment.setenv("AWS_CONFIG_FILE", os.devnull)
        environment.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        server.start()
        # CloudFormation of moto takes a template's address of this name alone.
        yield f"http://localhost:{server.get_host_and_port()[1]}"
        server.stop()


@pytest.fixture
def aws(aws_address: str) -> AwsConnection:
    """The way into the agency's own account, in which nothing was made yet."""
    answer = httpx.post(f"{aws_address}/moto-api/reset")
    assert answer.status_code == 200, answer.text
    # Clients are kept, and what roles were let in by is forgotten where all begins anew.
    return AwsConnection(region=REGION, endpoint=aws_address, external_id=uuid4().hex)


@pytest.fixture
def organization(aws: AwsConnection) -> OrganizationOfAws:
    """The agency's organization, as slow and strict as AWS's, with no account but its own."""
    organization = organization_of_aws()
    organization.create_organization("us-east-1")
    return organization


@pytest.fixture
def roles(organization: OrganizationOfAws) -> RolesOfAws:
    """The roles of the organization's accounts, which let in nobody who may not."""
    return roles_of_aws()


@pytest.fixture(scope="session")
def faithful_address(aws_address: str) -> Iterator[str]:
    """Where AWS answers whose CloudFormation takes its time, and can fail."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    yield aws_address.rpartition(":")[0] + f":{server.get_host_and_port()[1]}"
    server.stop()


@pytest.fixture
def cloud(
    aws: AwsConnection, faithful_address: str, database: Database, tmp_path: Path
) -> Iterator[Cloud]:
    """Accounts in which stacks are deployed as AWS does it, and an engine to do so."""
    cloudformation_backends.backend = FaithfulCloudFormation
    cloudformation_backends.clear()
    cloud = Cloud(aws.model_copy(update={"endpoint": faithful_address}), database, tmp_path)
    FaithfulCloudFormation.clock = cloud.clock
    yield cloud
    FaithfulCloudFormation.clock = SystemClock()
    cloudformation_backends.backend = CloudFormationBackend
    cloudformation_backends.clear()


@pytest.fixture
async def cluster(aws: AwsConnection) -> AsyncIterator[Cluster]:
    """A cluster of ECS, empty, whose tasks run."""
    with working_ecs():
        cluster = Cluster(aws)
        await cluster.prepare()
        yield cluster


@pytest.fixture
async def host(aws: AwsConnection, aws_address: str, tmp_path: Path) -> AsyncIterator[Host]:
    """A machine that SSM reaches, on which nothing ran yet."""
    with working_ssm(aws_address, tmp_path / "bin-of-ssm"):
        host = Host(aws, tmp_path / "scripts-of-ssm")
        await host.prepare()
        yield host


@pytest.fixture
async def quick_engine(database: Database) -> AsyncIterator[Engine]:
    """An engine whose waits nobody has to sit through."""
    async with Engine(database, clock=LeapingClock()) as engine:
        yield engine


@pytest.fixture
async def witness() -> AsyncIterator[Witness]:
    async with Witness() as witness:
        yield witness
