"""One tenant of the agency in AWS: what is planned, found, put back, and not taken away."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.engine.engine import Engine
from resources.errors import StepFailed
from resources.example.on_aws import AwsStack, AwsTenants, ServiceOnAws
from resources.model.resource import Difference, Severity
from tests.resources.aws.agency.agency_on_aws import UNIQUE, USERS, AgencyOnAws
from tests.resources.aws.leaping_clock import LeapingClock
from tests.resources.on_github import OnGitHub


async def test_a_tenant_without_an_account_is_planned_and_nothing_is_made(
    engine: Engine, at_aws: AgencyOnAws, github: OnGitHub
) -> None:
    revisions = {"auth": at_aws.commit("auth", "first")}

    plan = await engine.run(at_aws.stack("acme", revisions), "plan")

    email = "aws+acme@agency.example"
    missing = Difference(
        path="auth/account", desired=email, observed=None, severity=Severity.CRITICAL
    )
    assert plan.changes == (missing,)
    assert at_aws.organization.emails() == []
    assert github.agency.repositories == {}


@pytest.mark.thorough
async def test_a_plan_says_what_a_merge_would_change(
    engine: Engine, with_databases: AgencyOnAws
) -> None:
    agency = with_databases
    first = {"backend": agency.commit("backend", "first", USERS)}
    await engine.run(agency.stack("acme", first))
    second = {"backend": agency.commit("backend", "second", UNIQUE)}

    plan = await engine.run(agency.stack("acme", second), "plan")

    assert [(change.path, change.desired) for change in plan.changes] == [
        ("backend/Greeting6F1C2B77", "changed: Value"),
        ("backend/migrations/0002_unique_email.sql", "applied"),
    ]
    assert agency.greetings("acme")["backend"] == "first"


@pytest.mark.thorough
async def test_each_deployment_of_the_frontend_clears_its_cdn_also_on_the_way_back(
    engine: Engine, at_aws: AgencyOnAws
) -> None:
    first, second = at_aws.commit("frontend", "first"), at_aws.commit("frontend", "second")

    for times, revision in enumerate((first, second, first, first), 1):
        await engine.run(at_aws.stack("acme", {"frontend": revision}))
        assert at_aws.invalidations("acme") == min(times, 3)

    assert at_aws.greetings("acme") == {"frontend": "first"}


async def test_a_stack_that_fails_has_the_others_put_back_to_before_what_they_added(
    engine: Engine, at_aws: AgencyOnAws, clock: LeapingClock
) -> None:
    first = {name: at_aws.commit(name, "first") for name in ("auth", "frontend")}
    await engine.run(at_aws.stack("acme", first))
    await clock.sleep_until(clock.now() + timedelta(minutes=10))
    at_aws.fails("acme", "Broken", "The bucket is taken.")
    second = {
        "auth": at_aws.commit("auth", "second", farewell="bye"),
        "frontend": at_aws.commit("frontend", "second", broken="yes"),
    }

    with pytest.raises(StepFailed) as failed:
        await engine.run(at_aws.stack("acme", second))

    assert "The bucket is taken." in failed.value.reason
    assert failed.value.rolled_back
    assert at_aws.greetings("acme") == {"auth": "first", "frontend": "first"}
    assert at_aws.word("acme", "/acme/auth/farewell") is None


@pytest.mark.thorough
async def test_what_a_success_has_added_stays_on_the_way_back_without_consent(
    engine: Engine, at_aws: AgencyOnAws, clock: LeapingClock
) -> None:
    first = {"auth": at_aws.commit("auth", "first")}
    await engine.run(at_aws.stack("acme", first))
    second = {"auth": at_aws.commit("auth", "second", farewell="bye")}
    await engine.run(at_aws.stack("acme", second))
    await clock.sleep_until(clock.now() + timedelta(minutes=10))

    with pytest.raises(StepFailed) as failed:
        await engine.run(at_aws.stack("acme", first), "rollback")

    assert "\n- remove Farewell (AWS::SSM::Parameter, /acme/auth/farewell)\n" in str(failed.value)
    assert at_aws.word("acme", "/acme/auth/farewell") == "bye"
    consents = replace(at_aws, consents_to_deletion=True)
    await engine.run(consents.stack("acme", first), "rollback")
    assert at_aws.word("acme", "/acme/auth/farewell") is None


@pytest.mark.thorough
async def test_what_was_deleted_by_hand_is_found(engine: Engine, at_aws: AgencyOnAws) -> None:
    acme = at_aws.stack("acme", {"auth": at_aws.commit("auth", "first")})
    await engine.run(acme)
    at_aws.deletes_stack_by_hand("acme", "auth")

    (found,) = await engine.run(acme, "cycle")
    assert (found.path, found.desired, found.observed) == ("auth/stack", "auth", None)
    await engine.run(acme)

    assert at_aws.greetings("acme")["auth"] == "first"


async def test_an_account_is_not_closed_without_consent(
    engine: Engine, at_aws: AgencyOnAws
) -> None:
    revisions = {"auth": at_aws.commit("auth", "first")}
    await engine.run(at_aws.stack("acme", revisions))
    (auth,) = at_aws.stack("acme", revisions).services()
    await engine.run(auth, "uninstall")

    with pytest.raises(StepFailed) as refused:
        await engine.run(auth.account(), "uninstall")

    number = at_aws.account("acme")
    assert refused.value.reason == (
        f"aws-account-acme is not closed: AWS deletes all that is in the account {number} 90 days "
        "after it was closed, and lets nobody use its e-mail address again. Say "
        "`close_on_uninstall=True` where that is meant. Nothing was changed."
    )
    assert (at_aws.stacks("acme"), at_aws.state("acme")) == ([], "ACTIVE")

    await engine.run(at_aws.stack("acme", revisions, leaves=True), "uninstall")
    assert at_aws.state("acme") == "PENDING_CLOSURE"


@pytest.mark.thorough
async def test_an_account_that_is_opened_again_is_taken_over(
    engine: Engine, at_aws: AgencyOnAws
) -> None:
    stack = at_aws.stack("acme", {"auth": at_aws.commit("auth", "first")})
    await engine.run(stack)
    (auth,) = stack.services()
    number = at_aws.account("acme")
    at_aws.organization.rename(number, state="SUSPENDED", status="SUSPENDED")
    await engine.run(auth.account(), "uninstall")
    at_aws.organization.rename(number, state="ACTIVE", status="ACTIVE")

    await engine.run(at_aws.stack("acme", {"auth": at_aws.commit("auth", "second")}))

    assert at_aws.greetings("acme") == {"auth": "second"}
    assert at_aws.organization.calls["CreateAccount"] == 1


def test_what_is_derived_for_aws_repeats_no_step() -> None:
    kinds: tuple[type, ...] = (AwsStack, AwsTenants, ServiceOnAws, *AwsStack.kinds)
    own = {
        (kind.__name__, name) for kind in kinds for name in vars(kind) if name.startswith("define")
    }
    # It asks for consent, and does what all stacks do.
    assert own == {("AwsStack", "define_uninstall")}
