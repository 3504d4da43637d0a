"""A new account of an organization: asked for once, and waited for until AWS has made it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from resources.aws.account.members import Member, Organization, OrganizationBusy, reason_of
from resources.aws.account.refusals import (
    CLOSED,
    LIMITS,
    AccountNotCreated,
    has_other_address,
    is_closed,
    is_management,
    not_created,
)
from resources.aws.connection import AwsConnection
from resources.aws.failures import AwsFailed
from resources.errors import OrbitsError
from resources.model.action import LongAction
from resources.model.pending import Pending
from resources.model.retry import ONCE, Retry

REQUEST = "car-"
"""How the id of each request for an account begins; all others are numbers of accounts."""

SAME_AS_OURS = frozenset({"EMAIL_ALREADY_EXISTS", "CONCURRENT_ACCOUNT_MODIFICATION"})
"""Why a request fails where another one, perhaps our own, was for the same account."""

NOT_YET = "CreateAccountStatusNotFoundException"
"""What AWS says of a request of which not all of it has heard."""

PASSING = frozenset({"CONCURRENT_ACCOUNT_MODIFICATION", "INTERNAL_FAILURE"})
"""Why a request fails that may be made again."""


class CreationCutShort(OrbitsError):
    """One request for an account came to nothing, and may be made again."""


class CreateAccount(LongAction):
    """Have an account of this e-mail address in the organization, and answer it.

    All of AWS has one account of an address. The organization's account that has it already is
    taken over, and so is a request that is not done yet: nothing is asked for twice. `known` is
    the number that the account is on record with, if any.
    """

    retry: ClassVar[Retry] = Retry(
        attempts=8,
        first=timedelta(seconds=30),
        longest=timedelta(minutes=20),
        unless=(*ONCE.unless, AwsFailed, AccountNotCreated),
    )
    """For what passes; a new organization takes up to an hour until it makes accounts."""
    timeout: ClassVar[timedelta | None] = timedelta(hours=1)
    check_every: ClassVar[timedelta] = timedelta(seconds=10)

    connection: AwsConnection
    identity: str
    email: str
    name: str
    role: str
    tags: Mapping[str, str] = {}
    known: str | None = None

    async def start(self) -> str:
        """Answer the number of the account that is there, or the id of the request for it."""
        organization = Organization(self.connection)
        found = await account_there(organization, self.identity, self.email, self.known)
        if found is not None:
            return found.number
        request = await organization.being_created(self.name)
        if request is not None:
            return request
        try:
            return await organization.create(self.email, self.name, self.role, self.tags)
        except AwsFailed as failed:
            if (reason := reason_of(failed)) in LIMITS:
                raise not_created(self.identity, self.email, LIMITS[reason]) from failed
            raise

    async def interrupted(self) -> str:
        """Answer the handle of what was begun, found by address and name, or begin it."""
        return await self.start()

    async def check(self, handle: str) -> Member | Pending:
        """Answer the account once it can be used.

        Raises:
            AccountNotCreated: AWS will not make it until somebody has put something right.
            CreationCutShort: it may be asked for again.
            Refused: the account that has the address is not to be used.
        """
        try:
            return await self._checked(Organization(self.connection), handle)
        except (OrganizationBusy, AwsFailed) as failed:
            # What goes on at AWS goes on whether it can be asked just now or not.
            if isinstance(failed, AwsFailed) and not failed.again and failed.code != NOT_YET:
                raise
            return Pending(progress=str(failed))

    async def _checked(self, organization: Organization, handle: str) -> Member | Pending:
        if not handle.startswith(REQUEST):
            return self._ready(await organization.member(handle))
        creation = await organization.creation(handle)
        if creation.state == "FAILED":
            return await self._despite(organization, creation.reason)
        if creation.state != "SUCCEEDED":
            return Pending(progress=f"AWS makes the account of {self.email}")
        made = await organization.member(creation.number)
        if made is not None and not has_address(made, self.email):
            # A request tells no address: this one was for another account of the same name.
            raise CreationCutShort(
                f"{self.identity} was not created yet: AWS has made the account {made.number} of "
                f"the name {self.name} for {made.email} in the meantime. It is asked for again."
            )
        return self._ready(made)

    def _ready(self, account: Member | None) -> Member | Pending:
        if account is None or account.state == "PENDING_ACTIVATION":
            return Pending(progress=f"AWS makes the account of {self.email} ready")
        if account.state in CLOSED:
            raise is_closed(self.identity, account)
        return account

    async def _despite(self, organization: Organization, reason: str) -> Member | Pending:
        """Answer the account though the request for it failed; raises what became of it."""
        if reason in SAME_AS_OURS:
            found = await account_there(organization, self.identity, self.email, self.known)
            if found is not None:
                return self._ready(found)
        other = reason in SAME_AS_OURS and await organization.being_created(self.name)
        if other or reason in PASSING:
            raise CreationCutShort(
                f"{self.identity} was not created yet: AWS ended the request for it with {reason}. "
                "It is asked for again; where that goes on for an hour, ask AWS's support."
            )
        raise not_created(self.identity, self.email, reason)


async def account_there(
    organization: Organization, identity: str, email: str, known: str | None
) -> Member | None:
    """Answer the account that is to be used, by its number or its address, or `None`.

    Raises `Refused` where what is there must not be.
    """
    found = await organization.member(known) if known else None
    if found is not None and not has_address(found, email):
        if found.state not in CLOSED:
            raise has_other_address(identity, found, email)
        found = None
    if found is None:
        found = await organization.member_of(email)
    if found is None:
        return None
    if found.state in CLOSED:
        raise is_closed(identity, found)
    if found.number == await organization.management():
        raise is_management(identity, found)
    return found


def has_address(account: Member, email: str) -> bool:
    """Answer whether an account has that e-mail address."""
    return account.email.casefold() == email.casefold()
