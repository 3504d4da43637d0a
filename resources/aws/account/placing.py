"""Where an account is in its organization and what tags it carries: compared, and put right."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from resources.aws.account.creation import has_address
from resources.aws.account.members import UNTIL_IT_IS_FREE, Member, Organization
from resources.aws.account.refusals import no_such_unit
from resources.aws.connection import AwsConnection
from resources.aws.failures import AwsFailed
from resources.model.action import Action
from resources.model.resource import Difference, Severity
from resources.model.retry import Retry

NO_UNIT = "DestinationParentNotFoundException"


class Observed(NamedTuple):
    """What an organization has of an account."""

    account: Member
    unit: str
    tags: Mapping[str, str]


class Wanted(NamedTuple):
    """What an account should be; `None` is as it comes, `untagged` are keys that go."""

    email: str
    name: str | None
    unit: str | None
    tags: Mapping[str, str]
    untagged: frozenset[str]


async def observed(organization: Organization, account: Member) -> Observed:
    """Look where an account is and what tags it has."""
    return Observed(
        account,
        await organization.unit_of(account.number),
        await organization.tags_of(account.number),
    )


def placing(wanted: Wanted, found: Observed) -> list[Difference]:
    """Answer what an update changes of an account that is there."""
    differences = []
    if wanted.unit not in {None, found.unit}:
        differences.append(
            Difference(path="account/unit", desired=wanted.unit, observed=found.unit)
        )
    desired: dict[str, str | None] = {**dict.fromkeys(wanted.untagged), **wanted.tags}
    differences.extend(
        Difference(
            path=f"account/tags/{key}",
            desired=value,
            observed=found.tags.get(key),
            severity=Severity.NOTICE,
        )
        for key, value in sorted(desired.items())
        if found.tags.get(key) != value
    )
    return differences


def standing(wanted: Wanted, account: Member) -> list[Difference]:
    """Answer in what an account differs that no update changes."""
    sides = [
        ("state", "ACTIVE", account.state, Severity.CRITICAL),
        ("name", wanted.name or account.name, account.name, Severity.NOTICE),
    ]
    if not has_address(account, wanted.email):
        sides.append(("email", wanted.email, account.email, Severity.WARNING))
    return [
        Difference(path=f"account/{field}", desired=desired, observed=found, severity=severity)
        for field, desired, found, severity in sides
        if desired != found
    ]


def missing(email: str) -> Difference:
    """Answer that there is no account."""
    return Difference(path="account", desired=email, observed=None, severity=Severity.CRITICAL)


class MoveAccount(Action):
    """Have an account in a unit, or in the root, of its organization."""

    retry: ClassVar[Retry] = UNTIL_IT_IS_FREE

    connection: AwsConnection
    identity: str
    number: str
    unit: str

    async def run(self) -> None:
        """Move it, unless it is there; raises `Refused` where there is no such unit."""
        organization = Organization(self.connection)
        before = await organization.unit_of(self.number)
        if before == self.unit:
            return
        try:
            await organization.move(self.number, before, self.unit)
        except AwsFailed as failed:
            if failed.code == NO_UNIT:
                raise no_such_unit(self.identity, self.unit) from failed
            raise


class TagAccount(Action):
    """Have tags on an account, and some keys not; those that others gave it stay."""

    retry: ClassVar[Retry] = UNTIL_IT_IS_FREE

    connection: AwsConnection
    number: str
    tags: Mapping[str, str]
    untagged: tuple[str, ...] = ()

    async def run(self) -> None:
        """Untag, and then tag at once, so that a failure leaves no tag that nobody knows of."""
        organization = Organization(self.connection)
        before = await organization.tags_of(self.number)
        if gone := [key for key in self.untagged if key in before]:
            await organization.untag(self.number, gone)
        if new := {key: tag for key, tag in self.tags.items() if before.get(key) != tag}:
            await organization.tag(self.number, new)
