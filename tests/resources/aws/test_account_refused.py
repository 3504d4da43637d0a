"""What AWS does not do for an account, or we do not: each is told with why and what to do."""

import pytest
from moto.core.exceptions import JsonRESTError

from bot.engine.engine import Engine
from resources.aws import AccountNotCreated, AwsConnection, AwsFailed
from resources.errors import Refused
from tests.resources.aws.accounts import EMAIL, account, failure_of
from tests.resources.aws.organization import (
    MANAGEMENT,
    NotDone,
    OrganizationOfAws,
    RolesOfAws,
    organization_of_aws,
)

LIMIT = (
    "the organization has as many accounts as it may have (ACCOUNT_LIMIT_EXCEEDED). Ask AWS for "
    "more (Service Quotas, AWS Organizations), or close what is not needed, and retry."
)
OUTSIDE = (
    "an account outside of the organization has the e-mail address aws+acme@agency.example "
    "(EMAIL_ALREADY_EXISTS). Invite that account into the organization, or give this one another "
    "address, and retry."
)
UNPAID = (
    "the management account has no method of payment (MISSING_PAYMENT_INSTRUMENT). Give it one, "
    "and retry."
)
UNKNOWN = "AWS gives that reason (MOON_PHASE). Ask AWS's support what to do, and retry."


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("ACCOUNT_LIMIT_EXCEEDED", LIMIT),
        ("EMAIL_ALREADY_EXISTS", OUTSIDE),
        pytest.param("MISSING_PAYMENT_INSTRUMENT", UNPAID, marks=pytest.mark.thorough),
        pytest.param("MOON_PHASE", UNKNOWN, marks=pytest.mark.thorough),
    ],
)
async def test_what_aws_will_not_make_is_told_and_asked_for_once(
    quick_engine: Engine,
    aws: AwsConnection,
    organization: OrganizationOfAws,
    reason: str,
    told: str,
) -> None:
    if reason == "ACCOUNT_LIMIT_EXCEEDED":
        organization.limit = 1
    elif reason == "EMAIL_ALREADY_EXISTS":
        organization.outside = {EMAIL}
    else:
        organization.ends = [reason]

    failed = await failure_of(quick_engine, account(aws))

    assert isinstance(failed.cause, AccountNotCreated)
    assert failed.reason == f"aws-account-acme was not created: {told}"
    assert organization.calls["CreateAccount"] == 1


async def test_a_limit_that_aws_tells_at_once_is_told_alike(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    limit = NotDone(
        "ConstraintViolationException", "You are at the limit.", "ACCOUNT_NUMBER_LIMIT_EXCEEDED"
    )
    organization.refusals["CreateAccount"] = [limit]

    failed = await failure_of(quick_engine, account(aws))

    assert failed.reason == f"aws-account-acme was not created: {LIMIT}"


# Refused


@pytest.mark.parametrize("command", [None, "plan"])
async def test_a_closed_account_is_not_used(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws, command: str | None
) -> None:
    organization.create_account(Email=EMAIL, AccountName="acme")
    organization.done()
    number = organization.number(EMAIL)
    organization.rename(number, state="SUSPENDED", status="SUSPENDED")

    failed = await failure_of(quick_engine, account(aws), command)

    assert isinstance(failed.cause, Refused)
    assert failed.reason == (
        f"aws-account-acme cannot be used: the account {number}, which has the e-mail address "
        "aws+acme@agency.example, is SUSPENDED at AWS. Let AWS's support open it again, which it "
        "does for 90 days after a closure, or give it another address, which makes a new one. "
        "Nothing was changed."
    )


async def test_after_a_closure_another_address_makes_a_new_account(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    closed = (await quick_engine.run(account(aws))).number
    organization.close_account(AccountId=closed)

    acme = await quick_engine.run(account(aws, email="aws2+{id}@agency.example"))

    assert acme.number == organization.number("aws2+acme@agency.example") != closed


async def test_the_management_account_is_given_to_no_tenant(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    organization.rename(MANAGEMENT, email=EMAIL)

    failed = await failure_of(quick_engine, account(aws))

    assert failed.reason == (
        "aws-account-acme is not taken over: aws+acme@agency.example is the e-mail address of "
        "123456789012, the management account of the organization, which may do anything in every "
        "other. Give the tenant another address. Nothing was changed."
    )


async def test_the_address_of_an_account_is_not_changed(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    number = (await quick_engine.run(account(aws))).number
    organization.rename(number, email="by@hand.example")
    [found] = await quick_engine.run(account(aws), "cycle")
    assert (found.path, found.observed) == ("account/email", "by@hand.example")

    failed = await failure_of(quick_engine, account(aws))

    assert failed.reason == (
        f"aws-account-acme keeps its e-mail address: the account {number} has by@hand.example, "
        "and not aws+acme@agency.example. Change it at AWS (AWS Organizations, the account, "
        "Update email address), or change the argument back. Nothing was changed."
    )


async def test_a_unit_that_is_not_there_is_told(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    failed = await failure_of(quick_engine, account(aws, unit="ou-ab12-nowhere0"))

    assert failed.reason == (
        "aws-account-acme is not moved: the organization has no unit or root ou-ab12-nowhere0. "
        "Correct `unit`, and retry. The account stays where it is."
    )
    assert organization.calls["MoveAccount"] == 1


async def test_a_role_that_lets_nobody_in_is_told(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws, roles: RolesOfAws
) -> None:
    roles.not_yet = 1_000

    failed = await failure_of(quick_engine, account(aws))

    number = organization.number(EMAIL)
    assert failed.reason == (
        "aws-account-acme is there, and cannot be entered: the role OrganizationAccountAccessRole "
        f"of the account {number} may not be assumed: User: "
        "arn:aws:iam::123456789012:user/agency is not authorized to perform: sts:AssumeRole on "
        f"resource: arn:aws:iam::{number}:role/OrganizationAccountAccessRole. A new account's role "
        "comes minutes after the account. Where it was not made by this organization, make that "
        "role in it and let the management account assume it; where it was, let the workers' own "
        "role or user assume it; and retry."
    )
    assert roles.not_yet == 1_000 - 35
    assert organization.get_account_by_id(number).tags == {}


async def test_more_closures_than_aws_makes_in_a_month_are_told(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    consented = account(aws, close_on_uninstall=True)
    number = (await quick_engine.run(consented)).number
    organization.refusals["CloseAccount"] = [
        NotDone("ConstraintViolationException", "Too many.", "CLOSE_ACCOUNT_QUOTA_EXCEEDED")
    ]

    failed = await failure_of(quick_engine, consented, "uninstall")

    assert failed.reason == (
        "aws-account-acme is not closed: AWS lets an organization close only so many accounts in "
        "30 days, and that many were closed (CLOSE_ACCOUNT_QUOTA_EXCEEDED). Retry in some days, "
        f"or close the account {number} as its own root user. Nothing was changed."
    )


# Not asked


async def test_an_account_in_no_organization_is_told(
    quick_engine: Engine, aws: AwsConnection
) -> None:
    organization_of_aws()

    failed = await failure_of(quick_engine, account(aws))

    assert failed.reason == (
        "The connection leads to an AWS account that is in no organization. Make it the "
        "management account of one (AWS Organizations), or connect to the account that is, and "
        "retry. Nothing was changed."
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            NotDone("AccessDeniedException", "No."),
            "AccessDeniedException: No. Let the role or user that it names do this, and retry.",
        ),
        (
            JsonRESTError("UnrecognizedClientException", "Who?"),
            "UnrecognizedClientException: Who? Renew the credentials of the workers, and retry.",
        ),
    ],
)
async def test_credentials_that_are_refused_are_told_at_once(
    quick_engine: Engine,
    aws: AwsConnection,
    organization: OrganizationOfAws,
    error: Exception,
    told: str,
) -> None:
    organization.refusals["ListAccounts"] = [error]

    failed = await failure_of(quick_engine, account(aws))

    assert isinstance(failed.cause, AwsFailed)
    assert failed.reason == f"AWS refused ListAccounts: {told}"
    assert organization.calls["ListAccounts"] == 1


async def test_an_organization_that_cannot_be_reached_is_told(quick_engine: Engine) -> None:
    nowhere = AwsConnection(region="eu-west-1", endpoint="http://localhost:1")

    failed = await failure_of(quick_engine, account(nowhere))

    assert failed.reason == (
        'AWS did not answer: Could not connect to the endpoint URL: "http://localhost:1/". If it '
        "should be reached from here, retry; what was asked for may have been done all the same."
    )
