"""The way into an AWS account: which region, as whom, and a client for each of its services."""

import asyncio
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, overload

import boto3
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader
from botocore.session import Session
from pydantic import BaseModel, ConfigDict

from resources.aws.failures import told

if TYPE_CHECKING:  # the types of AWS's answers are no part of an installation
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_organizations import OrganizationsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

SESSION_NAME = "orbits"
"""As whom AWS's own audit log shows what is done in an assumed role."""

MOST_CLIENTS = 256
PATIENCE = Config(
    connect_timeout=10,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=20,
    user_agent_extra="orbits-bot",
)
"""What each client grants AWS; times in seconds."""


class AwsConnection(BaseModel):
    """Where AWS is asked, and as whom; an argument like any other, so it holds no credential.

        agency = AwsConnection(region="eu-west-1")
        acme = agency.inside("123456789012")
        stacks = await acme.client("cloudformation")

    The credentials to begin with are those that AWS's own tools would find: the environment,
    `profile` in the shared files, or the machine's role. The `roles` are then assumed, one from
    the other; they are renewed before they expire. `endpoint` is asked in the place of AWS, as
    `AWS_ENDPOINT_URL` would have it for all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str
    roles: tuple[str, ...] = ()
    external_id: str | None = None
    profile: str | None = None
    endpoint: str | None = None

    def inside(self, account: str, role: str = "OrganizationAccountAccessRole") -> "AwsConnection":
        """Answer the way into another account, by a role of it that this one may assume."""
        return self.model_copy(
            update={"roles": (*self.roles, f"arn:aws:iam::{account}:role/{role}")}
        )

    @overload
    async def client(self, service: Literal["cloudformation"]) -> "CloudFormationClient": ...
    @overload
    async def client(self, service: Literal["cloudfront"]) -> "CloudFrontClient": ...
    @overload
    async def client(self, service: Literal["ecs"]) -> "ECSClient": ...
    @overload
    async def client(self, service: Literal["iam"]) -> "IAMClient": ...
    @overload
    async def client(self, service: Literal["logs"]) -> "CloudWatchLogsClient": ...
    @overload
    async def client(self, service: Literal["organizations"]) -> "OrganizationsClient": ...
    @overload
    async def client(self, service: Literal["s3"]) -> "S3Client": ...
    @overload
    async def client(self, service: Literal["secretsmanager"]) -> "SecretsManagerClient": ...
    @overload
    async def client(self, service: Literal["ssm"]) -> "SSMClient": ...
    @overload
    async def client(self, service: Literal["sts"]) -> "STSClient": ...

    async def client(self, service: str) -> Any:
        """Answer a client of one of AWS's services, such as `cloudformation`.

        It is kept for others who ask alike. Its calls wait for an answer: hand them to `asked`.
        Raises `AwsFailed` where there is no such profile.
        """
        try:
            return await asyncio.to_thread(_client, self, service)
        except BotoCoreError as error:
            raise told(error) from error

    def __str__(self) -> str:
        return f"{self.roles[-1] if self.roles else 'the own account'} in {self.region}"


class _AssumedRole(CredentialProvider):
    """The credentials of a role, asked for when they are used, and again before they expire."""

    METHOD = "orbits-assumed-role"

    def __init__(self, fetcher: AssumeRoleCredentialFetcher) -> None:
        super().__init__()
        self._fetcher = fetcher

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(self._fetcher.fetch_credentials, self.METHOD)


_making = threading.Lock()  # a session may not make two clients at once


@lru_cache(MOST_CLIENTS)
def _client(connection: AwsConnection, service: str) -> Any:
    with _making:
        return _clients_of(connection).client(  # type: ignore[call-overload]  # the name is not known here
            service,
            region_name=connection.region,
            endpoint_url=connection.endpoint,
            config=PATIENCE,
        )


@lru_cache(MOST_CLIENTS)
def _clients_of(connection: AwsConnection) -> boto3.Session:
    # One of a session: each would add its methods to the same clients.
    return boto3.Session(botocore_session=_session(connection))


@lru_cache(MOST_CLIENTS)
def _session(connection: AwsConnection) -> Session:
    session = Session(profile=connection.profile)
    # The descriptions of AWS's services are megabytes: one copy serves all.
    session.register_component("data_loader", _descriptions())
    if connection.roles:
        session.register_component(
            "credential_provider", CredentialResolver([_AssumedRole(_fetcher(connection))])
        )
    return session


def _fetcher(connection: AwsConnection) -> AssumeRoleCredentialFetcher:
    *before, role = connection.roles
    source = _session(connection.model_copy(update={"roles": tuple(before)}))
    named = {"RoleSessionName": SESSION_NAME}
    if connection.external_id is not None:
        named["ExternalId"] = connection.external_id
    return AssumeRoleCredentialFetcher(
        client_creator=_sts_of(connection),
        source_credentials=source.get_credentials(),
        role_arn=role,
        extra_args=named,
    )


def _sts_of(connection: AwsConnection) -> Any:
    """Answer what makes the client that assumes a role, with the credentials handed to it."""
    plain = _session(connection.model_copy(update={"roles": ()}))

    def make(service: str, **credentials: Any) -> Any:
        with _making:
            return plain.create_client(
                service,
                region_name=connection.region,
                endpoint_url=connection.endpoint,
                config=PATIENCE,
                **credentials,
            )

    return make


@lru_cache(1)
def _descriptions() -> Loader:
    found: Loader = Session().get_component("data_loader")
    return found
