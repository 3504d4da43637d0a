"""AWS as its tests find it: moto's server, empty before each test."""

import os
from collections.abc import Iterator

import httpx
import pytest
from moto.server import ThreadedMotoServer

from resources.aws.connection import AwsConnection

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
    httpx.post(f"{aws_address}/moto-api/reset").raise_for_status()
    return AwsConnection(region=REGION, endpoint=aws_address)
