"""Stacks on days on which something fails, is refused, or is in use by others."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from bot.engine.engine import Engine
from resources.aws import CloudFormationFailed, OutputMissing
from resources.errors import IdentityBusy, StepFailed
from tests.resources.aws.cloud import AT_ONCE, SITE, Cloud

BLUE = {"Color": "blue"}
IT = "The stack backend-acme (account 111122223333, eu-west-1)"


@pytest.fixture
async def engine(cloud: Cloud) -> AsyncIterator[Engine]:
    async with cloud.engine() as engine:
        yield engine


@pytest.fixture
def nobody_is_known(aws_address: str) -> Iterator[None]:
    """Let AWS know nobody by the credentials that there are."""
    httpx.post(f"{aws_address}/moto-api/reset-auth", content="0").raise_for_status()
    yield
    httpx.post(f"{aws_address}/moto-api/reset-auth", content="inf").raise_for_status()


async def test_an_update_that_fails_is_rolled_back_and_says_why(
    engine: Engine, cloud: Cloud
) -> None:
    both = SITE.replace(
        "Outputs:",
        """  Files:
    Type: AWS::S3::Bucket
    Properties: {BucketName: acme-files}
Outputs:""",
    )
    await engine.run(cloud.stack())
    cloud.side().failing = {"Files": "acme-files already exists (Service: S3, Status Code: 409)"}
    bad = cloud.stack(template=cloud.write(both, revision="b"), parameters=BLUE)

    with pytest.raises(StepFailed) as failed:
        await engine.run(bad)

    assert isinstance(failed.value.cause, CloudFormationFailed)
    assert failed.value.cause.status == "UPDATE_ROLLBACK_COMPLETE"
    assert str(failed.value.cause) == (
        f"{IT} was not updated: CREATE_FAILED Files (AWS::S3::Bucket): acme-files already exists "
        "(Service: S3, Status Code: 409). It was rolled back to what it was. Mend that, and retry."
    )
    assert failed.value.tail.splitlines()[-1] == (
        "UPDATE_ROLLBACK_COMPLETE backend-acme (AWS::CloudFormation::Stack)"
    )
    assert cloud.setting("/acme/color") == "red"
    cloud.side().failing = {}
    await engine.run(bad)
    assert cloud.setting("/acme/color") == "blue"


async def test_a_first_creation_that_failed_is_deleted_and_tried_anew(
    engine: Engine, cloud: Cloud
) -> None:
    cloud.side().failing = {"Setting": "Parameter /acme/color already exists"}

    with pytest.raises(StepFailed) as failed:
        await engine.run(cloud.stack())
    assert str(failed.value.cause) == (
        f"{IT} was not created: CREATE_FAILED Setting (AWS::SSM::Parameter): Parameter /acme/color "
        "already exists. What was made of it was removed again. Mend that and retry: the next run "
        "deletes what is left of the stack, and begins anew."
    )
    cloud.side().failing = {}
    before = cloud.log
    (planned,) = (await engine.run(cloud.stack(), "plan")).changes
    assert (planned.path, planned.desired, planned.observed) == (
        "stack",
        "deleted, and created anew",
        "ROLLBACK_COMPLETE",
    )
    outputs = await engine.run(cloud.stack())

    assert outputs.value("Setting") == "/acme/color"
    assert cloud.log.removeprefix(before).startswith(
        "The stack is ROLLBACK_COMPLETE since its first creation failed: deleting it.\n"
        "DELETE_IN_PROGRESS backend-acme (AWS::CloudFormation::Stack): User Initiated\n"
        "DELETE_COMPLETE backend-acme (AWS::CloudFormation::Stack)\n"
        "To do: Setting (AWS::SSM::Parameter): created\n"
    )


@pytest.mark.parametrize(
    ("template", "parameters", "why"),
    [
        ("Resources: [", {}, "Template format error: YAML not well-formed. (line 1, column 1)"),
        (SITE, {"Colour": "red"}, "Parameters: [Colour] do not exist in the template"),
        (SITE.replace(", Default: red", ""), {}, "Parameters: [Color] must have values"),
    ],
)
async def test_what_aws_does_not_take_is_refused_and_leaves_nothing(
    engine: Engine, cloud: Cloud, template: str, parameters: dict[str, str], why: str
) -> None:
    path = cloud.write(template)

    with pytest.raises(StepFailed) as failed:
        await engine.run(cloud.stack(template=path, parameters=parameters))

    assert str(failed.value.cause) == (
        f"{IT} is not changed, as AWS does not take {path} with these arguments: {why}. Mend that, "
        "and retry. Nothing was changed."
    )
    assert not cloud.side().stacks


async def test_a_template_that_is_missing_or_another_one_is_refused(
    engine: Engine, cloud: Cloud
) -> None:
    nowhere, path = cloud.folder / "nowhere.yaml", cloud.write(SITE)
    empty = cloud.folder / "empty.yaml"
    empty.touch()

    with pytest.raises(StepFailed) as failed:
        await engine.run(cloud.stack(template=nowhere))
    assert str(failed.value.cause) == (
        f"{IT} has no template: {nowhere} could not be read: No such file or directory. "
        "Nothing was changed."
    )
    with pytest.raises(StepFailed, match=r"empty\.yaml could not be read: it is empty"):
        await engine.run(cloud.stack(template=empty))
    with pytest.raises(StepFailed, match=f"{path} is not what was asked for: its SHA-256 is"):
        await engine.run(cloud.stack(sha256="0" * 64))


async def test_an_output_that_is_missing_is_named_with_those_that_are_there(
    engine: Engine, cloud: Cloud
) -> None:
    outputs = await engine.run(cloud.stack())

    with pytest.raises(OutputMissing) as missing:
        outputs.value("Bucket")

    assert str(missing.value) == (
        "The stack backend-acme has no output `Bucket`; it has `Setting`. Add it to the `Outputs` "
        "of the template, or ask for another."
    )


@pytest.mark.usefixtures("nobody_is_known")
async def test_credentials_that_are_refused_are_told(engine: Engine, cloud: Cloud) -> None:
    with pytest.raises(StepFailed) as failed:
        await engine.run(cloud.stack())

    assert str(failed.value.cause) == (
        "AWS refused AssumeRole: InvalidClientTokenId: The security token included in the request "
        "is invalid. Renew the credentials of the workers, and retry."
    )
    assert not cloud.side().stacks


async def test_the_operation_of_somebody_else_is_waited_for(engine: Engine, cloud: Cloud) -> None:
    await engine.run(cloud.stack())
    stack = cloud.side().named("backend-acme")
    stack.status = "UPDATE_IN_PROGRESS"

    with pytest.raises(StepFailed) as failed:
        await engine.run(cloud.stack(parameters=BLUE, patience=AT_ONCE))
    assert isinstance(failed.value.cause, IdentityBusy)
    assert str(failed.value.cause) == (
        "Somebody else works on the stack backend-acme (account 111122223333, eu-west-1): it is "
        "UPDATE_IN_PROGRESS, and was waited for for 0:00:00.001000. See who that is, and retry "
        "when it is done. Nothing was changed."
    )

    def finish() -> None:
        stack.status = "UPDATE_COMPLETE"

    cloud.side().going[stack.stack_id] = [lambda: None, lambda: None, lambda: None, finish]
    before = cloud.log
    await engine.run(cloud.stack(parameters=BLUE))

    said = cloud.log.removeprefix(before)
    assert said.startswith("Waiting for what goes on already: UPDATE_IN_PROGRESS.\n")
    assert cloud.setting("/acme/color") == "blue"


async def test_a_rollback_that_failed_needs_a_person(engine: Engine, cloud: Cloud) -> None:
    await engine.run(cloud.stack())
    cloud.side().named("backend-acme").status = "UPDATE_ROLLBACK_FAILED"

    with pytest.raises(StepFailed) as failed:
        await engine.run(cloud.stack(parameters=BLUE))

    assert str(failed.value.cause) == (
        f"{IT} cannot be changed: it is UPDATE_ROLLBACK_FAILED. Look in its events at what failed, "
        "mend that, let AWS go on by `aws cloudformation continue-update-rollback --stack-name "
        "backend-acme --region eu-west-1`, and retry. Nothing was changed."
    )


async def test_a_deletion_that_fails_says_what_is_in_its_way(engine: Engine, cloud: Cloud) -> None:
    await engine.run(cloud.stack())
    cloud.side().failing = {"Setting": "The parameter is in use"}

    with pytest.raises(StepFailed) as failed:
        await engine.run(cloud.stack(), "uninstall")

    assert str(failed.value.cause) == (
        f"{IT} was not deleted: DELETE_FAILED Setting (AWS::SSM::Parameter): The parameter is in "
        "use. It was left as DELETE_FAILED. Mend that, and retry."
    )
    cloud.side().failing = {}
    await engine.run(cloud.stack(), "uninstall")
    assert not cloud.side().stacks
