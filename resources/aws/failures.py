"""What AWS would not do, in words for the person who must act; and the one way of asking it."""

import asyncio
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import (
    ConnectionError as NotReached,
)

from resources.errors import OrbitsError

P = ParamSpec("P")
T = TypeVar("T")

WITHOUT_RIGHTS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "NotAuthorized",
        "UnauthorizedOperation",
    }
)
BAD_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
BUSY = frozenset(
    {
        "ConcurrentModificationException",
        "InternalError",
        "InternalFailure",
        "LimitExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Codes from "Common errors" of AWS's API references; clients tried these again already."""


class AwsFailed(OrbitsError):
    """AWS was asked for something and did not do it.

    `code` is AWS's own word for it, such as `AccessDenied`, and empty where no answer came;
    `said` is its sentence. `again`: the same question may be answered another time.
    """

    @property
    def code(self) -> str:
        """AWS's own word for what went wrong; empty where it never answered."""
        return str(self.facts.get("code", ""))

    @property
    def said(self) -> str:
        """AWS's own sentence."""
        return str(self.facts.get("said", ""))

    @property
    def again(self) -> bool:
        """Whether the same question may be answered another time."""
        return bool(self.facts.get("again"))


async def asked(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Make one call of a client in a thread, and answer what AWS does.

        found = await asked(client.describe_stacks, StackName=name)

    Raises:
        AwsFailed: AWS refused, was not reached, or knows nobody by these credentials.
    """
    try:
        return await asyncio.to_thread(call, *args, **kwargs)
    except (ClientError, BotoCoreError) as error:
        raise told(error) from error


def told(error: ClientError | BotoCoreError) -> AwsFailed:
    """Answer an error of AWS's client as one of ours: what, why, and what to do about it."""
    if isinstance(error, ClientError):
        return _answered(error)
    if isinstance(error, NoCredentialsError | PartialCredentialsError | ProfileNotFound):
        return AwsFailed(
            f"AWS was not asked: {_sentence(error)} Give every worker credentials in one of the "
            "ways of AWS's own tools (a role of the machine, a profile, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY), and retry. Nothing was changed."
        )
    if isinstance(error, NotReached | HTTPClientError):
        return AwsFailed(
            f"AWS did not answer: {_sentence(error)} If it should be reached from here, retry; "
            "what was asked for may have been done all the same.",
            again=True,
        )
    return AwsFailed(f"AWS was not asked: {_sentence(error)} Correct that, and retry.")


def _answered(error: ClientError) -> AwsFailed:
    answer: Any = error.response.get("Error", {})
    code, said = str(answer.get("Code", "")), str(answer.get("Message", "")).strip()
    again = code in BUSY
    return AwsFailed(
        f"AWS refused {error.operation_name}: {code}: {_stopped(said) or 'it says no more.'} "
        f"{_next_act(code)}",
        code=code,
        said=said,
        again=again,
    )


def _next_act(code: str) -> str:
    if code in WITHOUT_RIGHTS:
        return "Let the role or user that it names do this, and retry."
    if code in BAD_CREDENTIALS:
        return "Renew the credentials of the workers, and retry."
    if code in BUSY:
        return "It was asked several times; retry later."
    return "Correct what it names, and retry."


def _sentence(error: BotoCoreError) -> str:
    return _stopped(str(error))


def _stopped(sentence: str) -> str:
    """Answer a sentence that ends as sentences do."""
    return sentence if not sentence or sentence.endswith((".", "!", "?")) else f"{sentence}."
