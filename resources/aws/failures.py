"""What AWS would not do, in words for the person who must act; and the one way of asking it."""

import asyncio
import re
from collections.abc import Callable, Mapping
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
        "ServerException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Codes from "Common errors" of AWS's API references, and ECS's own word for a server's fault;
clients tried these again already."""

THINGS = {"Bucket": "bucket", "cluster": "cluster", "taskDefinition": "task definition"}
"""What a question may be about, by AWS's names of arguments: it does not always say of which."""

_ABSENT = re.compile(
    r"NoSuch|NotFound|not found|not exist|Unable to describe|Revision is missing", re.IGNORECASE
)


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
        raise told(error, kwargs) from error


def told(
    error: ClientError | BotoCoreError, arguments: Mapping[str, object] | None = None
) -> AwsFailed:
    """Answer an error of AWS's client as one of ours: what, why, and what to do about it.

    Of the `arguments` of the question only names are told, such as a bucket's.
    """
    if isinstance(error, ClientError):
        given = {THINGS[name]: said for name, said in (arguments or {}).items() if name in THINGS}
        return _answered(error, given)
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


def _answered(error: ClientError, things: Mapping[str, object]) -> AwsFailed:
    answer: Any = error.response.get("Error", {})
    code, said = str(answer.get("Code", "")), str(answer.get("Message", "")).strip()
    again = code in BUSY
    return AwsFailed(
        f"AWS refused {error.operation_name}: {code}: {_stopped(said) or 'it says no more.'} "
        f"{_next_act(code, said, things)}",
        code=code,
        said=said,
        again=again,
    )


def _next_act(code: str, said: str, things: Mapping[str, object]) -> str:
    if code in WITHOUT_RIGHTS:
        nobody_named = things and "arn:" not in said
        what = f"asks do this in {_named(things)}" if nobody_named else "it names do this"
        return f"Let the role or user that {what}, and retry."
    if code in BAD_CREDENTIALS:
        return "Renew the credentials of the workers, and retry."
    if code in BUSY:
        return "It was asked several times; retry later."
    if things and _ABSENT.search(f"{code} {said}"):
        words = re.sub(r"[^a-z]", "", f"{code}{said}".lower())
        meant = {kind: name for kind, name in things.items() if kind.replace(" ", "") in words}
        return (
            f"See that {_named(meant or things)} is there, in the account and the region that are "
            "asked, or name the right one, and retry."
        )
    if things:
        return f"It was asked for {_named(things)}: correct what it says, and retry."
    return "Correct what it names, and retry."


def _named(things: Mapping[str, object]) -> str:
    return " and ".join(f"the {kind} `{name}`" for kind, name in things.items())


def _sentence(error: BotoCoreError) -> str:
    return _stopped(str(error))


def _stopped(sentence: str) -> str:
    """Answer a sentence that ends as sentences do."""
    return sentence if not sentence or sentence.endswith((".", "!", "?")) else f"{sentence}."
