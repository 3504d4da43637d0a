"""The one door to an AWS Organization: which accounts it has, where they are, what they carry."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict

from resources.aws.connection import AwsConnection
from resources.aws.failures import AwsFailed, asked
from resources.errors import OrbitsError, Refused
from resources.model.retry import ONCE, Retry

GONE = "AccountNotFoundException"
NOT_IN_USE = "AWSOrganizationsNotInUseException"
FINALIZING = "FinalizingOrganizationException"
PASSING = frozenset(
    {"ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED", "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED"}
)
"""Reasons of a `ConstraintViolationException` that go by, from AWS's API reference."""


class OrganizationBusy(OrbitsError):
    """The organization cannot do it now, and may be asked the same another time."""


UNTIL_IT_IS_FREE = Retry(
    attempts=8,
    first=timedelta(seconds=5),
    longest=timedelta(minutes=2),
    unless=(*ONCE.unless, AwsFailed),
)
"""How often a change is tried: an organization makes one at a time, whoever asks for it."""


class Member(BaseModel):
    """One account of an organization; `state` is AWS's own word, such as `ACTIVE`."""

    model_config = ConfigDict(frozen=True)

    number: str
    arn: str
    email: str
    name: str
    state: str


class Creation(NamedTuple):
    """How far AWS is with the creation of an account; `reason` is why it failed."""

    state: str
    number: str
    reason: str


class Organization:
    """The organization whose management account a connection leads to.

    Every question raises `OrganizationBusy` where it may be asked again, `Refused` where there
    is no organization, and `AwsFailed` for the rest.
    """

    def __init__(self, connection: AwsConnection) -> None:
        self._connection = connection

    async def member(self, number: str) -> Member | None:
        """Answer the account of that number, or `None`."""
        client = await self._connection.client("organizations")
        try:
            with _in_our_words():
                found = await asked(client.describe_account, AccountId=number)
        except AwsFailed as failed:
            if failed.code == GONE:
                return None
            raise
        return _member(found["Account"])

    async def member_of(self, email: str) -> Member | None:
        """Answer the account that has an e-mail address, or `None`; it looks through them all."""
        client = await self._connection.client("organizations")

        def found() -> Member | None:
            for page in client.get_paginator("list_accounts").paginate():
                for account in page["Accounts"]:
                    if account.get("Email", "").casefold() == email.casefold():
                        return _member(account)
            return None

        with _in_our_words():
            return await asked(found)

    async def management(self) -> str:
        """Answer the number of the account that the organization is managed from."""
        client = await self._connection.client("organizations")
        with _in_our_words():
            found = await asked(client.describe_organization)
        return found["Organization"].get("MasterAccountId", "")

    async def create(self, email: str, name: str, role: str, tags: Mapping[str, str]) -> str:
        """Ask for a new account, and answer the id of the request."""
        client = await self._connection.client("organizations")
        with _in_our_words():
            begun = await asked(
                client.create_account,
                Email=email,
                AccountName=name,
                RoleName=role,
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )
        return begun["CreateAccountStatus"].get("Id", "")

    async def creation(self, request: str) -> Creation:
        """Answer how far a request for an account is."""
        client = await self._connection.client("organizations")
        with _in_our_words():
            asked_for = await asked(
                client.describe_create_account_status, CreateAccountRequestId=request
            )
        status = asked_for["CreateAccountStatus"]
        return Creation(
            status.get("State", ""), status.get("AccountId", ""), status.get("FailureReason", "")
        )

    async def being_created(self, name: str) -> str | None:
        """Answer the request, not done yet, for an account of that name; it tells no address."""
        client = await self._connection.client("organizations")

        def found() -> str | None:
            requests = client.get_paginator("list_create_account_status")
            for page in requests.paginate(States=["IN_PROGRESS"]):
                for status in page["CreateAccountStatuses"]:
                    if status.get("AccountName") == name:
                        return status.get("Id")
            return None

        with _in_our_words():
            return await asked(found)

    async def unit_of(self, number: str) -> str:
        """Answer the id of the unit, or root, that an account is in."""
        client = await self._connection.client("organizations")
        with _in_our_words():
            found = await asked(client.list_parents, ChildId=number)
        return found["Parents"][0].get("Id", "")

    async def move(self, number: str, before: str, after: str) -> None:
        """Put an account from one unit into another."""
        client = await self._connection.client("organizations")
        with _in_our_words():
            await asked(
                client.move_account,
                AccountId=number,
                SourceParentId=before,
                DestinationParentId=after,
            )

    async def tags_of(self, number: str) -> dict[str, str]:
        """Answer all tags of an account."""
        client = await self._connection.client("organizations")

        def found() -> dict[str, str]:
            pages = client.get_paginator("list_tags_for_resource").paginate(ResourceId=number)
            return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}

        with _in_our_words():
            return await asked(found)

    async def tag(self, number: str, tags: Mapping[str, str]) -> None:
        """Set tags of an account; it keeps its others."""
        client = await self._connection.client("organizations")
        with _in_our_words():
            await asked(
                client.tag_resource,
                ResourceId=number,
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )

    async def untag(self, number: str, keys: Sequence[str]) -> None:
        """Take tags off an account."""
        client = await self._connection.client("organizations")
        with _in_our_words():
            await asked(client.untag_resource, ResourceId=number, TagKeys=keys)

    async def close(self, number: str) -> None:
        """Ask for an account to be closed."""
        client = await self._connection.client("organizations")
        with _in_our_words():
            await asked(client.close_account, AccountId=number)


def reason_of(failed: AwsFailed) -> str:
    """Answer AWS's word for why it holds to a limit, such as `CLOSE_ACCOUNT_QUOTA_EXCEEDED`."""
    cause = failed.__cause__
    return str(cause.response.get("Reason", "")) if isinstance(cause, ClientError) else ""


def _member(account: Mapping[str, Any]) -> Member:
    return Member(
        number=account["Id"],
        arn=account["Arn"],
        email=account["Email"],
        name=account["Name"],
        # AWS gives up `Status` in September 2026, and not everybody has `State` yet.
        state=account.get("State") or account["Status"],
    )


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except AwsFailed as failed:
        if failed.code == NOT_IN_USE:
            raise Refused(
                "The connection leads to an AWS account that is in no organization. Make it the "
                "management account of one (AWS Organizations), or connect to the account that "
                "is, and retry. Nothing was changed."
            ) from failed
        passing = failed.again or failed.code == FINALIZING or reason_of(failed) in PASSING
        if failed.code and passing:
            raise OrganizationBusy(
                f"The AWS organization is busy: {failed.code}: "
                f"{failed.said.rstrip('.')}. Retry later."
            ) from failed
        raise
