"""Tenants' stacks in CloudFormation: deployed, planned, looked after and deleted."""

from collections.abc import AsyncIterator

import pytest

from bot.engine.engine import Engine
from resources.aws import CloudFormationFailed, CloudFormationOutputs, CloudFormationStack
from resources.errors import StepFailed
from tests.resources.aws.cloud import ACME, GLOBEX, SITE, Cloud
from tests.resources.test_library_examples import Example, example_of


@pytest.fixture
async def engine(cloud: Cloud) -> AsyncIterator[Engine]:
    async with cloud.engine() as engine:
        yield engine


async def test_two_tenants_are_installed_from_nothing_in_two_accounts(
    engine: Engine, cloud: Cloud
) -> None:
    acme = await engine.run(cloud.stack("acme", ACME))
    globex = await engine.run(cloud.stack("globex", GLOBEX, parameters={"Color": "blue"}))

    assert acme == CloudFormationOutputs(
        name="backend-acme",
        stack_id=acme.stack_id,
        connection=cloud.agency.inside(ACME),
        outputs={"Setting": "/acme/color"},
    )
    assert globex.value("Setting") == "/globex/color"
    assert cloud.setting("/acme/color", ACME) == "red"
    assert cloud.setting("/globex/color", GLOBEX) == "blue"
    assert cloud.setting("/globex/color", ACME) is None


async def test_its_events_are_told_once_and_in_order(engine: Engine, cloud: Cloud) -> None:
    cloud.side().slow_looks = 3
    await engine.run(cloud.stack())

    assert cloud.log == (
        "To do: Setting (AWS::SSM::Parameter): created\n"
        "CREATE_IN_PROGRESS backend-acme (AWS::CloudFormation::Stack): User Initiated\n"
        "CREATE_IN_PROGRESS Setting (AWS::SSM::Parameter)\n"
        "CREATE_COMPLETE Setting (AWS::SSM::Parameter)\n"
        "CREATE_COMPLETE backend-acme (AWS::CloudFormation::Stack)\n"
    )


async def test_an_update_changes_what_differs(engine: Engine, cloud: Cloud) -> None:
    await engine.run(cloud.stack())
    blue = cloud.stack(parameters={"Color": "blue"}, tags={"tenant": "acme"})

    plan = await engine.run(blue, "plan")
    assert [(each.path, each.desired, each.observed) for each in plan.changes] == [
        ("Setting", "changed: Value", "there")
    ]
    assert not plan.destructive
    assert cloud.setting("/acme/color") == "red"
    assert list(cloud.side().sets) == [("backend-acme", cloud.side().made_change_sets[0])]
    await engine.run(blue)

    assert cloud.setting("/acme/color") == "blue"
    assert await engine.run(blue, "cycle") == []


@pytest.mark.parametrize("says_no_updates", [True, False])
async def test_where_nothing_changes_nothing_is_done(
    engine: Engine, cloud: Cloud, says_no_updates: bool
) -> None:
    cloud.side().says_no_updates = says_no_updates
    await engine.run(cloud.stack())
    before = cloud.log

    outputs = await engine.run(cloud.stack(template=cloud.write(SITE, revision="b")))

    assert outputs.value("Setting") == "/acme/color"
    assert cloud.log.removeprefix(before) == "There is nothing to change.\n"
    plan = await engine.run(cloud.stack(template=cloud.write(SITE, revision="b")), "plan")
    assert plan.changes == ()


async def test_a_stack_that_is_not_there_is_planned_and_nothing_is_left(
    engine: Engine, cloud: Cloud
) -> None:
    plan = await engine.run(cloud.stack(), "plan")

    assert [(each.path, each.desired, each.observed) for each in plan.changes] == [
        ("Setting", "created", None)
    ]
    assert not cloud.side().stacks
    assert not cloud.side().sets


RENAMED = SITE.replace("/${Tenant}/color", "/${Tenant}/colour")


async def test_what_would_be_replaced_or_removed_needs_consent(
    engine: Engine, cloud: Cloud
) -> None:
    both = SITE.replace(
        "Outputs:",
        """  Files:
    Type: AWS::S3::Bucket
    Properties: {BucketName: acme-files}
Outputs:""",
    )
    await engine.run(cloud.stack(template=cloud.write(both)))
    renamed = cloud.stack(template=cloud.write(RENAMED, revision="b"))

    plan = await engine.run(renamed, "plan")
    assert plan.destructive
    assert [(each.path, each.desired, each.severity) for each in plan.changes] == [
        ("Setting", "replaced: Name", "critical"),
        ("Files", None, "critical"),
    ]
    with pytest.raises(StepFailed) as failed:
        await engine.run(renamed)

    assert str(failed.value.cause) == (
        "The stack backend-acme (account 111122223333, eu-west-1) is not changed, as that would "
        "destroy what is there, and what is in it:\n"
        "- replace Setting (AWS::SSM::Parameter, /acme/color)\n"
        "- remove Files (AWS::S3::Bucket, acme-files)\n"
        "Say `consents_to_deletion=True` where that is meant, or give these a `DeletionPolicy` "
        "and an `UpdateReplacePolicy` that keep them. Nothing was changed."
    )
    assert cloud.setting("/acme/color") == "red"
    assert len(cloud.side().sets) == 1
    await engine.run(renamed.model_copy(update={"consents_to_deletion": True}))
    assert cloud.setting("/acme/colour") == "red"
    assert cloud.setting("/acme/color") is None


async def test_whoever_looks_at_a_stack_gets_the_outputs_of_today(
    engine: Engine, cloud: Cloud
) -> None:
    with pytest.raises(CloudFormationFailed) as missing:
        await cloud.stack().output()

    assert str(missing.value) == (
        "The stack backend-acme (account 111122223333, eu-west-1) is not there: it was never "
        "deployed, or it is gone since. Deploy it, and see who deletes it. What it answered when "
        "it was last deployed is `await self.recorded(stack)`."
    )
    assert await engine.run(cloud.stack()) == await cloud.stack().output()


@pytest.mark.thorough
async def test_what_its_policies_keep_needs_no_consent(engine: Engine, cloud: Cloud) -> None:
    kept = """  Files:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    Properties: {BucketName: acme-files}
Outputs:"""
    await engine.run(cloud.stack(template=cloud.write(SITE.replace("Outputs:", kept))))

    plan = await engine.run(cloud.stack(template=cloud.write(SITE, revision="b")), "plan")
    assert not plan.destructive
    await engine.run(cloud.stack(template=cloud.write(SITE, revision="b")))


async def test_a_rollback_deploys_the_template_and_the_parameters_of_then(
    engine: Engine, cloud: Cloud
) -> None:
    old = cloud.stack()
    await engine.run(old)
    new = SITE.replace("Color", "Colour")
    await engine.run(
        cloud.stack(template=cloud.write(new, revision="b"), parameters={"Colour": "blue"})
    )
    assert cloud.setting("/acme/color") == "blue"

    outputs = await engine.run(old, "rollback")

    assert outputs.value("Setting") == "/acme/color"
    assert cloud.setting("/acme/color") == "red"


async def test_a_secret_is_handed_over_and_shown_nowhere(engine: Engine, cloud: Cloud) -> None:
    cloud.environment["ACME_COLOR"] = "correct-horse"
    hidden = SITE.replace("Default: red", "NoEcho: true")
    acme = cloud.stack(template=cloud.write(hidden), secrets={"Color": "env:ACME_COLOR"})

    outputs = await engine.run(acme)

    assert cloud.setting("/acme/color") == "correct-horse"
    assert "correct-horse" not in f"{outputs} {cloud.log}"
    assert await engine.run(acme, "cycle") == []
    cloud.set_by_hand("/acme/color", "blue")
    (found,) = await engine.run(acme, "cycle")
    assert (found.path, found.desired, found.observed) == ("Setting/Value", "[masked]", "blue")


async def test_a_secret_that_everybody_could_read_is_not_handed_over(
    engine: Engine, cloud: Cloud
) -> None:
    cloud.environment["ACME_COLOR"] = "correct-horse"

    with pytest.raises(StepFailed) as failed:
        await engine.run(cloud.stack(secrets={"Color": "env:ACME_COLOR"}))

    assert str(failed.value.cause) == (
        "The stack backend-acme (account 111122223333, eu-west-1) is not given its secrets: of "
        "`Color` its template does not say `NoEcho: true`, so whoever may look at the stack could "
        "read them. Say so in the template. Nothing was changed."
    )
    assert not cloud.side().stacks


async def test_an_uninstall_deletes_the_stack(engine: Engine, cloud: Cloud) -> None:
    await engine.run(cloud.stack())

    await engine.run(cloud.stack(), "uninstall")
    await engine.run(cloud.stack(), "uninstall")

    assert not cloud.side().stacks
    assert cloud.setting("/acme/color") is None
    assert "DELETE_COMPLETE backend-acme (AWS::CloudFormation::Stack)\n" in cloud.log


async def test_a_stack_that_is_protected_is_not_uninstalled(engine: Engine, cloud: Cloud) -> None:
    await engine.run(cloud.stack(termination_protection=True))

    with pytest.raises(StepFailed) as failed:
        await engine.run(cloud.stack(), "uninstall")

    assert str(failed.value.cause) == (
        "The stack backend-acme (account 111122223333, eu-west-1) is not deleted: it is protected "
        "from that. Say `termination_protection=False` and update it, or let AWS do so with "
        "`aws cloudformation update-termination-protection --stack-name backend-acme "
        "--region eu-west-1 --no-enable-termination-protection`; then uninstall it. "
        "Nothing was changed."
    )
    await engine.run(cloud.stack())
    await engine.run(cloud.stack(), "uninstall")
    assert not cloud.side().stacks


@pytest.mark.thorough
async def test_a_large_template_goes_by_way_of_a_bucket(engine: Engine, cloud: Cloud) -> None:
    large = f"{SITE}\n# {'x' * 60_000}\n"
    bucket = "acme-templates"
    client = await cloud.agency.inside(ACME).client("s3")
    client.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    path = cloud.write(large)

    with pytest.raises(StepFailed) as failed:
        await engine.run(cloud.stack(template=path))
    assert str(failed.value.cause) == (
        "The stack backend-acme (account 111122223333, eu-west-1) has no template: "
        f"{path} has {len(large):,} bytes, and AWS takes 51,200 without a bucket. Name one of its "
        "region as `bucket`. Nothing was changed."
    )
    outputs = await engine.run(cloud.stack(template=path, bucket=bucket))

    assert outputs.value("Setting") == "/acme/color"


async def test_the_example_of_its_page(cloud: Cloud) -> None:
    cloud.environment["ACME_PASSWORD"] = "correct-horse"
    path = cloud.write(
        """
Parameters:
  Tenant: {Type: String}
  Password: {Type: String, NoEcho: true}
Resources:
  Files:
    Type: AWS::S3::Bucket
    Properties: {BucketName: !Sub "${Tenant}-files"}
Outputs:
  Bucket: {Value: !Ref Files}
"""
    )
    often = {"template=source": "looks_every=timedelta(milliseconds=1), template=source"}
    example = example_of(CloudFormationStack, often)

    async with cloud.engine([cloud.words(path.parent.parent)]) as engine:
        await engine.run(Example(lines=f"{example.lines}\n    assert bucket == 'acme-files'"))
