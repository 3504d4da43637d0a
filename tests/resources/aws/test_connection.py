"""AWS is asked as whom an agency says, and what it refuses is told with what to do."""

import pytest
from botocore.exceptions import ClientError

from resources.aws import AwsConnection, AwsFailed
from resources.aws.failures import asked, told


async def who(connection: AwsConnection) -> str:
    client = await connection.client("sts")
    return (await asked(client.get_caller_identity))["Arn"]


async def test_a_role_of_another_account_is_assumed_from_the_own_one(aws: AwsConnection) -> None:
    acme = aws.inside("111122223333")
    assert await who(acme) == (
        "arn:aws:sts::111122223333:assumed-role/OrganizationAccountAccessRole/orbits"
    )


async def test_roles_are_assumed_one_from_the_other(aws: AwsConnection) -> None:
    chained = aws.inside("111122223333", "agency").inside("444455556666", "deploy")
    assert await who(chained) == "arn:aws:sts::444455556666:assumed-role/deploy/orbits"


async def test_who_asks_alike_shares_a_client(aws: AwsConnection) -> None:
    again = AwsConnection.model_validate_json(aws.model_dump_json())
    assert await aws.client("ssm") is await again.client("ssm")
    assert await aws.inside("111122223333").client("ssm") is not await aws.client("ssm")


async def test_one_connection_leads_to_all_services(aws: AwsConnection) -> None:
    assert await who(aws)
    buckets = await asked((await aws.client("s3")).list_buckets)
    assert buckets["Buckets"] == []


async def test_what_two_accounts_have_is_apart(aws: AwsConnection) -> None:
    acme, globex = aws.inside("111122223333"), aws.inside("444455556666")
    await asked((await acme.client("ssm")).put_parameter, Name="/x", Value="1", Type="String")
    with pytest.raises(AwsFailed) as failed:
        await asked((await globex.client("ssm")).get_parameter, Name="/x")
    assert failed.value.code == "ParameterNotFound"
    assert not failed.value.again
    assert str(failed.value) == (
        "AWS refused GetParameter: ParameterNotFound: Parameter /x not found. "
        "Correct what it names, and retry."
    )


async def test_a_server_that_is_not_there_may_be_asked_again(aws: AwsConnection) -> None:
    nobody = AwsConnection(region="eu-west-1", endpoint="http://localhost:1")
    with pytest.raises(AwsFailed) as failed:
        await who(nobody)
    assert failed.value.again
    assert str(failed.value) == (
        'AWS did not answer: Could not connect to the endpoint URL: "http://localhost:1/". '
        "If it should be reached from here, retry; what was asked for may have been done all "
        "the same."
    )


async def test_a_profile_that_nobody_wrote_is_told(aws: AwsConnection) -> None:
    with pytest.raises(AwsFailed) as failed:
        await who(aws.model_copy(update={"profile": "agency"}))
    assert str(failed.value) == (
        "AWS was not asked: The config profile (agency) could not be found. Give every worker "
        "credentials in one of the ways of AWS's own tools (a role of the machine, a profile, or "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), and retry. Nothing was changed."
    )


REFUSALS = {
    ("AccessDenied", "Access Denied."): (
        "Let the role or user that asks do this in the bucket `acme-scripts`, and retry."
    ),
    ("AccessDenied", "User: arn:aws:iam::1:user/bot may not."): (
        "Let the role or user that it names do this, and retry."
    ),
    ("InvalidRequest", "Encrypt it otherwise."): (
        "It was asked for the bucket `acme-scripts`: correct what it says, and retry."
    ),
}


@pytest.mark.parametrize(("code", "said"), REFUSALS)
def test_a_refusal_names_the_bucket_and_never_what_was_to_lie_there(code: str, said: str) -> None:
    refused = ClientError({"Error": {"Code": code, "Message": said}}, "PutObject")

    failed = told(refused, {"Bucket": "acme-scripts", "Key": "a", "Body": "hunter22"})

    assert str(failed) == f"AWS refused PutObject: {code}: {said} {REFUSALS[code, said]}"
