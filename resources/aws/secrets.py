"""Secrets that AWS keeps: in its Secrets Manager, and as parameters of its Systems Manager."""

import json

from resources.aws.connection import AwsConnection
from resources.aws.failures import AwsFailed, asked
from resources.secrets import SecretNotFound

LARGEST = 64 * 1024
"""Bytes; more than Secrets Manager itself keeps in one secret."""

NOT_THERE = frozenset({"ResourceNotFoundException", "ParameterNotFound"})
TO_BE_DELETED = "InvalidRequestException"
"""What Secrets Manager says of one whose deletion was asked for, for up to 30 days."""


class SecretsManager:
    """Secrets of AWS Secrets Manager: `aws-secret:acme/database`, by name or ARN.

    After a `#` comes the key of a value in a secret that is a JSON object, such as
    `aws-secret:acme/database#password`. Its current version is read.
    """

    scheme = "aws-secret"

    def __init__(self, connection: AwsConnection, largest: int = LARGEST) -> None:
        self._connection = connection
        self._largest = largest

    async def read(self, name: str) -> str:
        """Answer the secret, or the value in it; raises `SecretNotFound`."""
        reference = f"{self.scheme}:{name}"
        secret, found, key = name.partition("#")
        try:
            client = await self._connection.client("secretsmanager")
            kept = await asked(client.get_secret_value, SecretId=secret)
        except AwsFailed as failed:
            if failed.code == TO_BE_DELETED:
                raise SecretNotFound(
                    f"The secret `{reference}` is not given by AWS any more: it is to be deleted. "
                    "Restore it or refer to another, and retry."
                ) from None
            raise _not_read(reference, self._connection, failed) from None
        text = kept.get("SecretString")
        if text is None:
            raise SecretNotFound(
                f"The secret `{reference}` is not text but bytes. Store it as text, such as base64."
            )
        _demand(text, reference, self._largest)
        return _of_key(text, key, reference) if found else text


class ParameterStore:
    """Parameters of AWS Systems Manager, decrypted: `aws-parameter:/acme/database/password`."""

    scheme = "aws-parameter"

    def __init__(self, connection: AwsConnection, largest: int = LARGEST) -> None:
        self._connection = connection
        self._largest = largest

    async def read(self, name: str) -> str:
        """Answer the parameter's value; raises `SecretNotFound`."""
        reference = f"{self.scheme}:{name}"
        try:
            client = await self._connection.client("ssm")
            kept = await asked(client.get_parameter, Name=name, WithDecryption=True)
        except AwsFailed as failed:
            raise _not_read(reference, self._connection, failed) from None
        value = kept["Parameter"].get("Value", "")
        _demand(value, reference, self._largest)
        return value


def _not_read(reference: str, connection: AwsConnection, failed: AwsFailed) -> SecretNotFound:
    if failed.code in NOT_THERE:
        return SecretNotFound(
            f"The secret `{reference}` was not found: AWS has none of that name in {connection}. "
            "Store it there or correct the reference, and retry."
        )
    return SecretNotFound(f"The secret `{reference}` was not read. {failed}")


def _demand(value: str, reference: str, largest: int) -> None:
    """Raise `SecretNotFound` for what is empty, or too large to be a secret."""
    if not value:
        raise SecretNotFound(f"The secret `{reference}` is empty. Store it, and retry.")
    if len(value.encode()) > largest:
        raise SecretNotFound(
            f"The secret `{reference}` is larger than {largest:,} bytes. Store the secret alone."
        )


def _of_key(text: str, key: str, reference: str) -> str:
    try:
        kept = json.loads(text)
    except ValueError:
        # Not chained: that error holds the text.
        kept = None
    if not isinstance(kept, dict):
        raise SecretNotFound(
            f"The secret `{reference}` is no JSON object, so that it has no `{key}`. Refer to the "
            "whole of it, without what is after the `#`, or store an object."
        )
    value = kept.get(key)
    if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
        return str(value)
    raise SecretNotFound(
        f"The secret `{reference}` has no text under `{key}`. Store it there or correct the "
        "reference, and retry."
    )
