"""A process dies while it takes a service in AWS back or away, and the next one goes on."""

import pytest

from bot.github.repositories import GithubRepositories
from resources.testing import Crashed, Rehearsal
from tests.resources.aws.agency.agency_on_aws import PASSWORD, UNIQUE, USERS, AgencyOnAws
from tests.resources.on_github import OnGitHub

REFERENCE = "aws-secret:acme/database#password"


@pytest.mark.thorough
async def test_a_rollback_goes_on_with_the_outputs_of_before(
    with_databases: AgencyOnAws, github: OnGitHub
) -> None:
    agency = with_databases
    world = rehearsal(github)
    first = agency.commit("backend", "first", USERS)
    second = agency.commit("backend", "second", UNIQUE)
    (before,) = agency.stack("acme", {"backend": first}).services()
    (after,) = agency.stack("acme", {"backend": second}).services()
    await world.do(before)
    await world.do(after)

    world.crash_after(f"rollback[{infrastructure(agency)}]")
    with pytest.raises(Crashed):
        await world.do(before, command="rollback")
    await world.resume()

    assert agency.greetings("acme") == {"backend": "first"}
    assert (agency.tables("acme"), agency.indexes("acme")) == (["users"], [])


@pytest.mark.thorough
async def test_an_uninstall_goes_on_though_the_outputs_are_forgotten(
    with_databases: AgencyOnAws, github: OnGitHub
) -> None:
    agency = with_databases
    world = rehearsal(github)
    stack = agency.stack("acme", {"backend": agency.commit("backend", "first", USERS)}, leaves=True)
    await world.do(stack)

    world.crash_after(f"uninstall[{infrastructure(agency)}]")
    with pytest.raises(Crashed):
        await world.do(stack, command="uninstall")
    await world.resume()

    assert (agency.stacks("acme"), agency.tables("acme")) == ([], [])
    assert agency.state("acme") == "PENDING_CLOSURE"
    assert [identity for identity in world.records if "acme" in identity] == []


def infrastructure(agency: AgencyOnAws) -> str:
    """Answer the identity of what the backend of acme runs in."""
    return f"cdk-{agency.account('acme')}-{agency.connection.region}-backend"


def rehearsal(github: OnGitHub) -> Rehearsal:
    """Answer a world with what the bot gives to stacks."""
    given = (GithubRepositories(github.door), github.logins())
    return Rehearsal(secrets={REFERENCE: PASSWORD}, given=given)
