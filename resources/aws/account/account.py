"""A tenant's own AWS account, in the agency's organization."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from resources.aws.account.closing import CloseAccount
from resources.aws.account.creation import CreateAccount, account_there
from resources.aws.account.entry import EnterAccount
from resources.aws.account.members import UNTIL_IT_IS_FREE, Member, Organization
from resources.aws.account.placing import (
    MoveAccount,
    TagAccount,
    Wanted,
    missing,
    observed,
    placing,
    standing,
)
from resources.aws.account.refusals import CLOSED, no_consent
from resources.aws.connection import AwsConnection
from resources.library.names import Slug
from resources.model.resource import Difference, Plan, Resource

ID = "{id}"
LONGEST_ADDRESS = 64

Pattern = Annotated[str, Field(pattern=r"^[^\s@{}]*\{id\}[^\s@{}]*@[^\s@{}]+\.[^\s@{}]+$")]
"""An e-mail address with `{id}` before its `@`."""

AccountName = Annotated[str, Field(pattern=r"^[ -~]{1,50}$")]
RoleName = Annotated[str, Field(pattern=r"^[\w+=,.@-]{1,64}$")]
Unit = Annotated[str, Field(pattern=r"^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})$")]
"""What AWS Organizations takes, from its API reference."""


class AwsAccountAccess(BaseModel):
    """What the services of a tenant need to know of its AWS account; `connection` is inside it."""

    model_config = ConfigDict(frozen=True)

    id: str
    number: str
    arn: str
    email: str
    connection: AwsConnection


class AwsAccount(Resource):
    """One tenant's AWS account, shared by all of its services however many ask for it at once.

        account = await self.do("account-install", AwsAccount(
            connection=AwsConnection(region="eu-west-1"), id="acme",
            email="aws+{id}@agency.example", unit="ou-ab12-clients00", tags={"tenant": "acme"},
        ))
        stacks = await account.connection.client("cloudformation")

    `connection` leads to the management account of an AWS Organization, as whoever may make
    accounts, move and tag them, and assume `role` in them. `email` is a pattern: the account is
    known by its address, so an account of the organization that has it already is taken over.
    Without `unit` (an organizational unit or the root) it stays where it is; of its tags only
    those of `tags` are looked after.

    An account is not closed by an uninstall unless `close_on_uninstall` consents to it: AWS
    deletes what is in it after 90 days, and its address is used up.
    """

    connection: AwsConnection
    id: Slug
    email: Pattern
    name: AccountName | None = None
    """What AWS calls it when it is made; the id unless it is given."""
    unit: Unit | None = None
    role: RoleName = "OrganizationAccountAccessRole"
    tags: Mapping[str, str] = {}
    close_on_uninstall: bool = False

    _account: Member | None = PrivateAttr(None)
    """What a step of this run has found or made."""

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if len(self.address) > LONGEST_ADDRESS:
            raise ValueError(
                f"{self.address} is longer than the {LONGEST_ADDRESS} characters that an e-mail "
                "address may have at AWS; shorten the pattern or the id"
            )
        return self

    @property
    def address(self) -> str:
        """The e-mail address of the account."""
        return self.email.replace(ID, self.id)

    def identity(self) -> str:
        """Answer `aws-account-{id}`."""
        return f"aws-account-{self.id}"

    async def output(self) -> AwsAccountAccess:
        """Answer the account, and the way into it."""
        account = await self._brought_about()
        return AwsAccountAccess(
            id=self.id,
            number=account.number,
            arn=account.arn,
            email=account.email,
            connection=self.connection.inside(account.number, self.role),
        )

    async def define_install(self) -> None:
        """Find the account, or have it made, which takes AWS some minutes."""
        await self._brought_about()

    async def define_update(self) -> None:
        """Move it to its unit, see that it can be entered, and tag it."""
        number = (await self._brought_about()).number
        if self.unit is not None:
            await self.do(
                "move-account",
                MoveAccount(
                    connection=self.connection,
                    identity=self.identity(),
                    number=number,
                    unit=self.unit,
                ),
            )
        await self.do(
            "enter-account",
            EnterAccount(
                connection=self.connection, identity=self.identity(), number=number, role=self.role
            ),
        )
        await self.do(
            "tag-account",
            TagAccount(
                connection=self.connection,
                number=number,
                tags=self.tags,
                untagged=tuple(sorted(self._untagged())),
            ),
        )

    async def define_plan(self) -> Plan:
        """Answer whether it would be made, moved or tagged; raises `Refused` as that would."""
        organization = Organization(self.connection)
        known = await self._number_on_record()
        account = await account_there(organization, self.identity(), self.address, known)
        if account is None:
            return Plan(changes=(missing(self.address),))
        found = await observed(organization, account)
        return Plan(changes=tuple(placing(self._wanted(), found)))

    async def define_cycle(self) -> list[Difference]:
        """Answer whether it was closed, renamed, moved or tagged otherwise."""
        organization = Organization(self.connection)
        account = await self._found(organization)
        if account is None:
            return [missing(self.address)]
        differences = standing(self._wanted(), account)
        if account.state not in CLOSED:
            differences += placing(self._wanted(), await observed(organization, account))
        return differences

    async def define_uninstall(self) -> None:
        """Close the account, where `close_on_uninstall` consents to that."""
        account = await self.do("find-account", self._open, retry=UNTIL_IT_IS_FREE)
        if account is None:
            return
        if not self.close_on_uninstall:
            raise no_consent(self.identity(), account)
        await self.do(
            "close-account",
            CloseAccount(connection=self.connection, identity=self.identity(), account=account),
        )

    async def _brought_about(self) -> Member:
        if self._account is None:
            create = CreateAccount(
                connection=self.connection,
                identity=self.identity(),
                email=self.address,
                name=self.name or self.id,
                role=self.role,
                tags=self.tags,
                known=await self._number_on_record(),
            )
            self._account = await self.do("find-or-create-account", create)
        return self._account

    async def _open(self) -> Member | None:
        """Find the account unless it is closed."""
        account = await self._found(Organization(self.connection))
        return None if account is None or account.state in CLOSED else account

    async def _found(self, organization: Organization) -> Member | None:
        """Find the account, whatever its state, by the number on record or by its address."""
        known = await self._number_on_record()
        account = await organization.member(known) if known else None
        return account or await organization.member_of(self.address)

    async def _number_on_record(self) -> str | None:
        recorded = await self.recorded(self)
        return None if recorded is None else recorded.number

    def _wanted(self) -> Wanted:
        return Wanted(self.address, self.name, self.unit, self.tags, self._untagged())

    def _untagged(self) -> frozenset[str]:
        """Answer the keys that we gave it before, and that it should not have any more."""
        before = self.last_good()
        return frozenset(before.tags if before else ()) - frozenset(self.tags)
