"""A tenant's AWS account: made once, found again, kept where it should be, closed by consent."""

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from bot.engine.engine import Engine
from bot.store.database import Database
from resources.aws import AwsAccount, AwsAccountAccess, AwsConnection
from resources.aws.failures import asked
from resources.errors import StepFailed
from resources.model.resource import Difference, Plan, Severity
from resources.model.workflow import Workflow
from tests.resources.aws.accounts import EMAIL, account
from tests.resources.aws.leaping_clock import LeapingClock
from tests.resources.aws.organization import OrganizationOfAws, RolesOfAws
from tests.resources.test_library_examples import Words, example_of


async def who(access: AwsAccountAccess) -> str:
    client = await access.connection.client("sts")
    return (await asked(client.get_caller_identity))["Arn"]


async def test_an_account_is_made_and_can_be_entered(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws, roles: RolesOfAws
) -> None:
    organization.polls, roles.not_yet = 3, 3
    acme = await quick_engine.run(account(aws))

    assert (acme.id, acme.number) == ("acme", organization.number(EMAIL))
    assert acme.email == EMAIL
    assert acme.arn == organization.get_account_by_id(acme.number).arn
    assert await who(acme) == (
        f"arn:aws:sts::{acme.number}:assumed-role/OrganizationAccountAccessRole/orbits"
    )
    assert organization.calls["CreateAccount"] == 1


async def test_an_account_of_the_address_is_taken_over(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    for name in ("globex", "initech", "hooli", "acme"):
        organization.create_account(Email=f"AWS+{name}@agency.example", AccountName=name)
    organization.done()
    organization.calls.clear()

    acme = await quick_engine.run(account(aws))

    assert acme.number == organization.number("AWS+acme@agency.example")
    assert organization.calls["CreateAccount"] == 0


class Service(Workflow):
    """One service of a tenant, which needs the tenant's account."""

    name: str
    connection: AwsConnection

    async def define(self) -> AwsAccountAccess:
        acme = AwsAccount(connection=self.connection, id="acme", email="aws+{id}@agency.example")
        return await self.do("account-install", acme)


async def test_fifty_services_that_ask_at_once_share_one_account(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    services = [Service(name=f"service-{number}", connection=aws) for number in range(50)]

    answers = await asyncio.gather(*(quick_engine.run(service) for service in services))

    assert [answer.number for answer in answers] == [organization.number(EMAIL)] * 50
    assert organization.calls["CreateAccount"] == 1
    assert organization.emails() == [EMAIL]


async def test_it_is_moved_and_tagged_and_keeps_what_others_gave_it(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    clients, former = organization.unit("clients"), organization.unit("former")
    number = (
        await quick_engine.run(account(aws, tags={"tenant": "acme", "ring": "canary"}))
    ).number
    organization.tag_resource(ResourceId=number, Tags=[{"Key": "audit", "Value": "2026"}])

    await quick_engine.run(account(aws, unit=clients, tags={"tenant": "Acme"}))

    made = organization.get_account_by_id(number)
    assert made.parent_id == clients
    assert made.tags == {"tenant": "Acme", "audit": "2026"}

    await quick_engine.run(account(aws, unit=former, tags={"tenant": "Acme"}))
    assert made.parent_id == former
    assert organization.calls["CreateAccount"] == 1


async def test_what_is_up_to_date_asks_aws_nothing(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    acme = await quick_engine.run(account(aws))
    organization.calls.clear()

    assert await quick_engine.run(account(aws)) == acme
    assert not organization.calls


async def test_going_back_takes_off_what_the_newer_one_put_on(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    clients, former = organization.unit("clients"), organization.unit("former")
    before = account(aws, unit=clients, tags={"tenant": "acme"})
    await quick_engine.run(before)
    await quick_engine.run(account(aws, unit=former, tags={"tenant": "acme", "new": "yes"}))

    await quick_engine.run(before, "rollback")

    made = organization.get_account_by_id(organization.number(EMAIL))
    assert (made.parent_id, made.tags) == (clients, {"tenant": "acme"})


async def test_a_plan_tells_what_would_be_done(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    clients = organization.unit("clients")
    root = organization.list_roots()["Roots"][0]["Id"]
    gone = Difference(path="account", desired=EMAIL, observed=None, severity=Severity.CRITICAL)
    wanted = account(aws, unit=clients, tags={"tenant": "acme"})
    assert await quick_engine.run(wanted, "plan") == Plan(changes=(gone,))
    assert organization.emails() == []

    await quick_engine.run(account(aws, tags={"ring": "canary"}))

    assert await quick_engine.run(wanted, "plan") == Plan(
        changes=(
            Difference(path="account/unit", desired=clients, observed=root),
            Difference(
                path="account/tags/ring",
                desired=None,
                observed="canary",
                severity=Severity.NOTICE,
            ),
            Difference(
                path="account/tags/tenant",
                desired="acme",
                observed=None,
                severity=Severity.NOTICE,
            ),
        )
    )
    assert organization.calls["MoveAccount"] + organization.calls["UntagResource"] == 0


async def test_what_was_changed_by_hand_is_found_and_put_right(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    clients, former = organization.unit("clients"), organization.unit("former")
    wanted = account(aws, name="Acme", unit=clients, tags={"tenant": "acme"})
    number = (await quick_engine.run(wanted)).number
    assert await quick_engine.run(wanted, "cycle") == []

    organization.rename(number, name="Acme Ltd", parent_id=former, tags={"tenant": "x", "y": "z"})

    found = await quick_engine.run(wanted, "cycle")
    assert [(each.path, each.desired, each.observed, each.severity) for each in found] == [
        ("account/name", "Acme", "Acme Ltd", Severity.NOTICE),
        ("account/unit", clients, former, Severity.WARNING),
        ("account/tags/tenant", "acme", "x", Severity.NOTICE),
    ]

    await quick_engine.run(wanted)

    left = [each.path for each in await quick_engine.run(wanted, "cycle")]
    assert left == ["account/name"]
    assert organization.get_account_by_id(number).tags == {"tenant": "acme", "y": "z"}
    assert organization.calls["CreateAccount"] == 1


async def test_one_that_was_closed_or_taken_away_is_found(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    number = (await quick_engine.run(account(aws))).number
    organization.close_account(AccountId=number)
    assert await quick_engine.run(account(aws), "cycle") == [
        Difference(
            path="account/state",
            desired="ACTIVE",
            observed="PENDING_CLOSURE",
            severity=Severity.CRITICAL,
        )
    ]

    organization.remove_account_from_organization(AccountId=number)
    assert await quick_engine.run(account(aws), "cycle") == [
        Difference(path="account", desired=EMAIL, observed=None, severity=Severity.CRITICAL)
    ]


async def test_it_is_closed_by_consent_alone(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    number = (await quick_engine.run(account(aws))).number

    with pytest.raises(StepFailed) as refused:
        await quick_engine.run(account(aws), "uninstall")

    assert refused.value.reason == (
        f"aws-account-acme is not closed: AWS deletes all that is in the account {number} 90 days "
        "after it was closed, and lets nobody use its e-mail address again. Say "
        "`close_on_uninstall=True` where that is meant. Nothing was changed."
    )
    made = organization.get_account_by_id(number)
    assert made.state == "ACTIVE"

    await quick_engine.run(account(aws, close_on_uninstall=True), "uninstall")
    assert made.state == "PENDING_CLOSURE"


async def test_to_uninstall_what_is_closed_or_never_was_is_nothing(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    await quick_engine.run(account(aws), "uninstall")
    await quick_engine.run(account(aws))
    organization.close_account(AccountId=organization.number(EMAIL))

    await quick_engine.run(account(aws, close_on_uninstall=True), "uninstall")

    assert organization.calls["CloseAccount"] == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"email": "acme@agency.example"}, "String should match pattern"),
        ({"email": "acme@{id}.example"}, "String should match pattern"),
        ({"unit": "clients"}, "String should match pattern"),
        ({"name": "x" * 51}, "String should match pattern"),
        ({"role": "path/role"}, "String should match pattern"),
        (
            {"id": "a" * 50},
            f"aws+{'a' * 50}@agency.example is longer than the 64 characters that an",
        ),
    ],
)
def test_what_aws_would_not_take_is_no_account(given: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        account(AwsConnection(region="eu-west-1"), **given)
    assert told in str(refused.value)


async def test_the_example_of_its_docstring(
    database: Database, aws: AwsConnection, organization: OrganizationOfAws, tmp_path: Any
) -> None:
    clients = organization.unit("clients")
    example = example_of(
        AwsAccount,
        {"ou-ab12-clients00": clients, '"eu-west-1"': f'"eu-west-1", endpoint={aws.endpoint!r}'},
    )
    words = Words(tmp_path, None)  # type: ignore[arg-type]  # it runs nothing
    words.known |= {"AwsAccount": AwsAccount, "AwsConnection": AwsConnection}

    async with Engine(database, clock=LeapingClock(), given=[words]) as engine:
        await engine.run(example)

    made = organization.get_account_by_id(organization.number(EMAIL))
    assert (made.parent_id, made.tags) == (clients, {"tenant": "acme"})
