"""What a way back removes of a stack: what was created since the last success, and nothing else."""

from datetime import timedelta

import pytest

from resources.aws import CloudFormationStack
from resources.errors import StepFailed
from resources.testing import Crashed, Rehearsal
from resources.testing.clock import BEGINNING
from resources.testing.crash import Moment
from tests.resources.aws.cloud import SITE, Cloud
from tests.resources.shop import Shop

IT = "The stack backend-acme (account 111122223333, eu-west-1)"
GOES = "To be removed on the way back, as it was made since the last success: "


class ShopOnAws(Shop):
    stack: CloudFormationStack

    def infrastructure(self) -> CloudFormationStack:
        return self.stack


class Returning(ShopOnAws):
    """Takes what it stands on back to begin with."""

    async def define_update(self) -> None:
        await self.do("put-back", self.stack, command="rollback")


def with_words(*names: str) -> str:
    """Answer a template with more parameters in the store."""
    more = "".join(
        f"  {name}:\n    Type: AWS::SSM::Parameter\n"
        f'    Properties: {{Name: !Sub "/${{Tenant}}/{name.lower()}", Type: String, Value: x}}\n'
        for name in names
    )
    return SITE.replace("Outputs:", f"{more}Outputs:")


def first(cloud: Cloud) -> ShopOnAws:
    return ShopOnAws(stack=cloud.stack())


def later(cloud: Cloud, revision: str, *names: str, broken: bool = True) -> ShopOnAws:
    """Answer the shop at a later revision, which has something more."""
    template = cloud.write(with_words(*names), revision=revision)
    return ShopOnAws(stack=cloud.stack(template=template), broken=broken)


async def succeeds(cloud: Cloud, shop: Shop) -> None:
    """Bring the shop about, and let time pass."""
    async with cloud.engine() as engine:
        await engine.run(shop)
    cloud.clock.passes()


async def fails(cloud: Cloud, shop: Shop, command: str | None = None) -> StepFailed:
    """Answer how it fails."""
    async with cloud.engine() as engine:
        with pytest.raises(StepFailed) as failed:
            await engine.run(shop, command)
    return failed.value


def words(cloud: Cloud, *names: str) -> set[str]:
    """Answer which of these parameters are in the store."""
    return {name for name in names if cloud.setting(f"/acme/{name.lower()}") is not None}


async def test_what_was_created_before_a_failure_is_removed_on_the_way_back(cloud: Cloud) -> None:
    await succeeds(cloud, first(cloud))

    failed = await fails(cloud, later(cloud, "b", "Queue", "Store"))

    assert str(failed.cause) == "The shop does not open."
    assert words(cloud, "Color", "Queue", "Store") == {"Color"}
    told = [line for line in cloud.log.splitlines() if line.startswith(GOES)]
    assert sorted(line.removeprefix(GOES) for line in told) == [
        "Queue (AWS::SSM::Parameter)",
        "Store (AWS::SSM::Parameter)",
    ]
    assert "To do: Queue (AWS::SSM::Parameter): removed\n" in cloud.log


async def test_what_was_there_at_the_last_success_needs_consent_on_the_way_back(
    cloud: Cloud,
) -> None:
    old = first(cloud)
    await succeeds(cloud, old)
    await succeeds(cloud, later(cloud, "b", "Queue", broken=False))
    left = later(cloud, "c", "Queue", "Store").model_copy(update={"takes_back": False})
    await fails(cloud, left)
    made = len(cloud.side().sets)

    failed = await fails(cloud, old, "rollback")

    begin, _, end = str(failed.cause).partition(" (20")
    assert begin == (
        f"{IT} is not taken back, as that would destroy what was there at the last success of the "
        "whole"
    )
    assert end[end.index(" UTC") :] == (
        " UTC, or 10 seconds later), and what is in it:\n"
        "- remove Queue (AWS::SSM::Parameter, /acme/queue)\n"
        "What was made since then needs no consent. Say `consents_to_deletion=True` where that is "
        "meant, or deploy a revision that has these. Nothing was changed."
    )
    assert words(cloud, "Queue", "Store") == {"Queue", "Store"}
    assert len(cloud.side().sets) == made


async def test_what_would_be_replaced_needs_consent_where_it_is_older(cloud: Cloud) -> None:
    old = first(cloud)
    await succeeds(cloud, old)
    renamed = with_words("Queue").replace("/color", "/colour")
    consents = cloud.stack(template=cloud.write(renamed, revision="b"), consents_to_deletion=True)
    broken = ShopOnAws(stack=consents, broken=True)

    failed = await fails(cloud, broken)

    assert "\n- replace Setting (AWS::SSM::Parameter, /acme/colour)\nWhat was" in str(failed.cause)
    assert words(cloud, "Colour", "Queue") == {"Colour", "Queue"}


async def test_where_the_whole_never_succeeded_nothing_goes_without_consent(cloud: Cloud) -> None:
    async with cloud.engine() as engine:
        # What it stands on has succeeded: that does not count.
        await engine.run(cloud.stack())
    cloud.clock.passes()
    await fails(cloud, later(cloud, "b", "Queue"))

    failed = await fails(cloud, Returning(stack=cloud.stack()))

    assert str(failed.cause) == (
        f"{IT} is not taken back, as that would destroy what is there, and what is in it:\n"
        "- remove Queue (AWS::SSM::Parameter, /acme/queue)\n"
        "As the whole never succeeded, nothing of it goes without consent. Say "
        "`consents_to_deletion=True` where that is meant, or deploy a revision that has these. "
        "Nothing was changed."
    )
    assert words(cloud, "Queue") == {"Queue"}


@pytest.mark.thorough
async def test_an_update_by_itself_still_needs_consent(cloud: Cloud) -> None:
    old = first(cloud).model_copy(update={"takes_back": False})
    await succeeds(cloud, old)
    await fails(cloud, later(cloud, "b", "Queue").model_copy(update={"takes_back": False}))

    failed = await fails(cloud, old)

    assert f"{IT} is not changed, as that would destroy what is there" in str(failed.cause)
    assert words(cloud, "Queue") == {"Queue"}


@pytest.mark.thorough
async def test_what_was_created_moments_after_the_last_success_may_be_of_that(cloud: Cloud) -> None:
    async with cloud.engine() as engine:
        await engine.run(first(cloud))

    failed = await fails(cloud, later(cloud, "b", "Queue"))

    assert "or 10 seconds later), and what is in it:\n- remove Queue" in str(failed.cause)


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("step", ["rollback", "deploy-stack", "protect-stack"])
async def test_a_way_back_that_was_cut_off_removes_the_same(
    cloud: Cloud, step: str, moment: Moment
) -> None:
    world, old = Rehearsal(), first(cloud)
    hour = timedelta(hours=1)
    cloud.clock.passes(BEGINNING - hour - cloud.clock.now())
    await world.do(old)
    cloud.clock.passes(2 * hour)
    with pytest.raises(StepFailed):
        await world.do(later(cloud, "b", "Queue").model_copy(update={"takes_back": False}))

    getattr(world, f"crash_{moment}")(step)
    with pytest.raises(Crashed):
        await world.do(old, command="rollback")
    await world.resume()

    assert words(cloud, "Color", "Queue") == {"Color"}
    assert GOES in world.log
