"""An AWS account whose making is cut off, overtaken or put off: it is made once all the same."""

import asyncio

import pytest

from bot.engine.engine import Engine
from bot.states import State
from bot.store.database import Database
from resources.aws import AwsAccountAccess, AwsConnection
from tests.resources.aws.accounts import EMAIL, account, failure_of
from tests.resources.aws.leaping_clock import LeapingClock
from tests.resources.aws.organization import (
    NotDone,
    OrganizationOfAws,
)
from tests.resources.infrastructure import until
from tests.step_logs import printed_on

BUSY = NotDone("ConcurrentModificationException", "The organization is being changed.")
UNHEARD = NotDone("CreateAccountStatusNotFoundException", "There is no such request.")
FINALIZING = NotDone("FinalizingOrganizationException", "It is not finished yet.")


# Cut off


@pytest.mark.parametrize("meanwhile", ["it is being made", "it was made", "it was not asked for"])
async def test_cut_off_before_the_request_is_on_record_it_is_made_once(
    database: Database, aws: AwsConnection, organization: OrganizationOfAws, meanwhile: str
) -> None:
    organization.create_account(Email="aws+globex@agency.example", AccountName="globex")
    organization.taken.clear()
    organization.answers.clear()
    async with Engine(database, clock=LeapingClock()) as engine:
        run_id = await engine.submit(account(aws))
        assert await asyncio.to_thread(organization.taken.wait, 20)
    organization.answers.set()
    if meanwhile == "it was made":
        organization.done()
    if meanwhile == "it was not asked for":
        organization.requests.pop()

    async with Engine(database, clock=LeapingClock()) as engine:
        outcome = await engine.outcome(run_id)

    acme = outcome.answer(AwsAccountAccess.model_validate_json)
    assert acme.number == organization.number(EMAIL)
    assert organization.emails() == ["aws+globex@agency.example", EMAIL]
    assert len(organization.requests) == 2


async def test_of_two_requests_for_the_address_the_one_that_is_done_counts(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    """As where an answer was lost, and the client asked again by itself."""
    organization.create_account(Email=EMAIL, AccountName="lost on its way")

    acme = await quick_engine.run(account(aws))

    assert [each.reason for each in organization.requests] == [None, "EMAIL_ALREADY_EXISTS"]
    assert acme.number == organization.number(EMAIL)
    assert organization.emails() == [EMAIL]


async def test_no_tenant_gets_the_account_of_another_of_the_same_name(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    organization.create_account(Email="aws+other@agency.example", AccountName="Acme")

    acme = await quick_engine.run(account(aws, name="Acme"))

    assert organization.emails() == ["aws+other@agency.example", EMAIL]
    assert (acme.email, acme.number) == (EMAIL, organization.number(EMAIL))


async def test_an_account_that_is_not_active_yet_is_waited_for(
    database: Database, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    organization.create_account(Email=EMAIL, AccountName="acme")
    organization.done()
    organization.rename(organization.number(EMAIL), state="PENDING_ACTIVATION")

    async with Engine(database, clock=LeapingClock()) as engine:
        run_id = await engine.submit(account(aws))
        await until(lambda: organization.calls["DescribeAccount"] > 1)
        organization.rename(organization.number(EMAIL), state="ACTIVE")
        outcome = await engine.outcome(run_id)

    assert outcome.state is State.SUCCEEDED
    assert printed_on(database) == f"AWS makes the account of {EMAIL} ready\n"


# Busy


@pytest.mark.parametrize(
    "reason",
    [
        "CONCURRENT_ACCOUNT_MODIFICATION",
        pytest.param("INTERNAL_FAILURE", marks=pytest.mark.thorough),
    ],
)
async def test_a_request_that_failed_in_passing_is_made_again(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws, reason: str
) -> None:
    organization.ends = [reason] * 2

    await quick_engine.run(account(aws))

    assert organization.emails() == [EMAIL]
    assert organization.calls["CreateAccount"] == 3


@pytest.mark.parametrize("error", [BUSY, pytest.param(FINALIZING, marks=pytest.mark.thorough)])
async def test_an_organization_that_is_busy_is_asked_again(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws, error: NotDone
) -> None:
    calls = ("CreateAccount", "DescribeCreateAccountStatus", "MoveAccount", "TagResource")
    organization.refusals = {call: [error] * 3 for call in calls}
    organization.refusals["DescribeCreateAccountStatus"].append(UNHEARD)

    unit = organization.unit("clients")
    await quick_engine.run(account(aws, unit=unit))
    await quick_engine.run(account(aws, unit=unit, tags={"tenant": "acme"}))

    assert [organization.calls[call] for call in calls] == [4, 6, 4, 4]
    assert organization.emails() == [EMAIL]


async def test_one_that_stays_busy_is_told(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    organization.refusals["CreateAccount"] = [FINALIZING] * 8

    failed = await failure_of(quick_engine, account(aws))

    assert failed.reason == (
        "The AWS organization is busy: FinalizingOrganizationException: It is not finished yet. "
        "Retry later."
    )
    assert organization.calls["CreateAccount"] == 8


async def test_a_request_that_never_comes_through_is_told(
    quick_engine: Engine, aws: AwsConnection, organization: OrganizationOfAws
) -> None:
    organization.ends = ["CONCURRENT_ACCOUNT_MODIFICATION"] * 8

    failed = await failure_of(quick_engine, account(aws))

    assert failed.reason == (
        "aws-account-acme was not created yet: AWS ended the request for it with "
        "CONCURRENT_ACCOUNT_MODIFICATION. It is asked for again; where that goes on for an hour, "
        "ask AWS's support."
    )
