"""Secrets that AWS keeps are read when they are needed, and shown by nothing."""

import json

import pytest

from bot.engine.engine import Engine
from bot.engine.logs.step_log import printed_by
from bot.store.database import Database
from resources import Action, Resource, Secret
from resources.aws import AwsConnection, ParameterStore, SecretsManager
from resources.aws.failures import asked
from resources.fleet import Desired, Fleet
from resources.masking import Masks
from resources.secrets import SecretNotFound, Secrets

VALUE = "hunter2-and-more"


@pytest.fixture
def secrets(aws: AwsConnection) -> Secrets:
    return Secrets(SecretsManager(aws, largest=1_000), ParameterStore(aws, largest=1_000))


async def kept(aws: AwsConnection, name: str, text: str) -> str:
    """Keep a secret, and answer its ARN."""
    client = await aws.client("secretsmanager")
    return (await asked(client.create_secret, Name=name, SecretString=text))["ARN"]


async def revealed(secrets: Secrets, reference: str) -> str:
    return await secrets.reveal(Secret(reference=reference))


async def test_a_secret_is_read_by_its_name_and_by_its_arn(
    aws: AwsConnection, secrets: Secrets
) -> None:
    arn = await kept(aws, "acme/database", VALUE)

    assert await revealed(secrets, "aws-secret:acme/database") == VALUE
    assert await revealed(secrets, f"aws-secret:{arn}") == VALUE


async def test_one_value_of_a_secret_that_has_many_is_read(
    aws: AwsConnection, secrets: Secrets
) -> None:
    await kept(aws, "acme", json.dumps({"password": VALUE, "port": 5432, "a#b": "c"}))

    assert await revealed(secrets, "aws-secret:acme#password") == VALUE
    assert await revealed(secrets, "aws-secret:acme#port") == "5432"
    assert await revealed(secrets, "aws-secret:acme#a#b") == "c"


async def test_the_newest_version_is_read(aws: AwsConnection, secrets: Secrets) -> None:
    await kept(aws, "acme", VALUE)
    client = await aws.client("secretsmanager")
    await asked(client.put_secret_value, SecretId="acme", SecretString="another")

    assert await revealed(secrets, "aws-secret:acme") == "another"


@pytest.mark.parametrize("kind", ["String", "SecureString"])
async def test_a_parameter_is_read_and_decrypted(
    aws: AwsConnection, secrets: Secrets, kind: str
) -> None:
    client = await aws.client("ssm")
    await asked(
        client.put_parameter,
        Name="/acme/password",
        Value=VALUE,
        Type="String" if kind == "String" else "SecureString",
    )

    assert await revealed(secrets, "aws-parameter:/acme/password") == VALUE


async def test_each_account_has_its_own(aws: AwsConnection) -> None:
    acme, globex = aws.inside("111122223333"), aws.inside("444455556666")
    await kept(acme, "database", VALUE)

    assert await SecretsManager(acme).read("database") == VALUE
    with pytest.raises(SecretNotFound) as missing:
        await SecretsManager(globex).read("database")
    assert str(missing.value) == (
        "The secret `aws-secret:database` was not found: AWS has none of that name in "
        "arn:aws:iam::444455556666:role/OrganizationAccountAccessRole in eu-west-1. Store it there "
        "or correct the reference, and retry."
    )


NOT_THERE = (
    "was not found: AWS has none of that name in the own account in eu-west-1. Store it there or "
    "correct the reference, and retry."
)
NO_OBJECT = (
    "is no JSON object, so that it has no `{key}`. Refer to the whole of it, without what is "
    "after the `#`, or store an object."
)
NO_TEXT = "has no text under `{key}`. Store it there or correct the reference, and retry."
TOO_LARGE = "is larger than 1,000 bytes. Store the secret alone."
NOT_GIVEN = (
    "is not given by AWS any more: it is to be deleted. Restore it or refer to another, and retry."
)


WHY = {
    "aws-secret:nothing": NOT_THERE,
    "aws-secret:nothing#password": NOT_THERE,
    "aws-parameter:/nothing": NOT_THERE,
    "aws-secret:large": TOO_LARGE,
    "aws-parameter:/large": TOO_LARGE,
    "aws-secret:bytes": "is not text but bytes. Store it as text, such as base64.",
    "aws-secret:deleted": NOT_GIVEN,
    "aws-secret:plain#password": NO_OBJECT,
    "aws-secret:list#0": NO_OBJECT,
    "aws-secret:object#user": NO_TEXT,
    "aws-secret:object#empty": NO_TEXT,
    "aws-secret:object#inner": NO_TEXT,
    "aws-secret:object#": NO_TEXT,
}


async def test_what_cannot_be_revealed_says_what_to_do(
    aws: AwsConnection, secrets: Secrets
) -> None:
    values = {"password": VALUE, "empty": "", "inner": {"password": VALUE}}
    texts = {"plain": VALUE, "list": f'["{VALUE}"]', "object": json.dumps(values)}
    for name, text in {**texts, "large": VALUE * 100, "deleted": VALUE}.items():
        await kept(aws, name, text)
    manager, store = await aws.client("secretsmanager"), await aws.client("ssm")
    await asked(manager.create_secret, Name="bytes", SecretBinary=VALUE.encode())
    await asked(manager.delete_secret, SecretId="deleted")
    await asked(store.put_parameter, Name="/large", Value=VALUE * 100, Type="String")

    for reference, told in WHY.items():
        with pytest.raises(SecretNotFound) as missing:
            await revealed(secrets, reference)
        key = reference.partition("#")[2]
        assert str(missing.value) == f"The secret `{reference}` {told.format(key=key)}"
        assert (missing.value.__cause__, missing.value.facts) == (None, {})


@pytest.mark.parametrize("kind", [SecretsManager, ParameterStore])
async def test_a_server_that_is_not_there_is_told(
    kind: type[SecretsManager | ParameterStore],
) -> None:
    source = kind(AwsConnection(region="eu-west-1", endpoint="http://localhost:1"))

    with pytest.raises(SecretNotFound) as missing:
        await source.read("acme")

    assert str(missing.value) == (
        f"The secret `{source.scheme}:acme` was not read. AWS did not answer: Could not connect "
        'to the endpoint URL: "http://localhost:1/". If it should be reached from here, retry; '
        "what was asked for may have been done all the same."
    )


def stack(desired: Desired) -> Resource:
    raise NotImplementedError(desired.tenant)


def test_a_fleet_takes_them_beside_what_every_bot_has() -> None:
    agency = AwsConnection(region="eu-west-1")
    fleet = Fleet((), stack, secrets=(SecretsManager(agency), ParameterStore(agency)))

    assert [source.scheme for source in fleet.secrets] == ["aws-secret", "aws-parameter"]


class Login(Action):
    """Prints the password that it is given, as no program should."""

    password: Secret

    async def run(self) -> int:
        value = await self.reveal(self.password)
        self.log(f"log in with {value}\n")
        return len(value)


async def test_a_run_that_is_given_one_shows_and_keeps_nothing_of_it(
    database: Database, aws: AwsConnection
) -> None:
    await kept(aws, "acme", json.dumps({"password": VALUE}))
    masks = Masks()
    given = Secrets(SecretsManager(aws), hear=masks.add)

    async with Engine(database, given=[given], masks=masks) as engine:
        run_id = await engine.submit(Login(password=Secret(reference="aws-secret:acme#password")))
        outcome = await engine.outcome(run_id)

    assert outcome.result == str(len(VALUE))
    printed = await printed_by(database, run_id)
    assert [piece.text for piece in printed] == ["log in with [masked]\n"]
