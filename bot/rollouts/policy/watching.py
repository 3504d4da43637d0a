"""The tables that say how tenants are watched, and who hears of what goes wrong."""

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainValidator, Strict

from bot.rollouts.policy import quantities
from bot.rollouts.policy.phrases import instead, quoted
from bot.rollouts.policy.tables import Name, Some, Table
from bot.rollouts.selectors import Selector
from resources.model.resource import Severity

MOST_OF_THEM = 100

_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_SLACK = re.compile(r"slack:#?[A-Za-z0-9_-]{1,80}")
_MAIL = re.compile(r"mail:[^\s@<>,;:\"]{1,64}@[A-Za-z0-9.-]{1,253}")
_MENTION = re.compile(r"here|channel|[UWS][A-Z0-9]{2,30}")


class Subject(StrEnum):
    """What an alert may be about."""

    ROLLOUT = "rollout"
    DRIFT = "drift"
    BOT = "bot"


def _repository(value: object) -> str:
    if not isinstance(value, str) or not _REPOSITORY.fullmatch(value):
        raise ValueError(f'is {quoted(value)}: write a repository as `"owner/name"`.')
    return value


def _channel(value: object) -> str:
    text = value if isinstance(value, str) else ""
    if text == "webhook" or _SLACK.fullmatch(text) or _MAIL.fullmatch(text):
        return text
    raise ValueError(
        f'is {quoted(value)}, which is no channel: write such as `"slack:#deploys"`, '
        '`"webhook"` or `"mail:ops@agency.example"`.'
    )


def _mention(value: object) -> str:
    if not isinstance(value, str) or not _MENTION.fullmatch(value):
        raise ValueError(
            f'is {quoted(value)}: write `"here"`, `"channel"`, or the id of a person or a group of '
            'Slack, such as `"U024BE7LH"` or `"S0614TZR7"`.'
        )
    return value


def _severity(value: object) -> Severity:
    if not isinstance(value, str) or value not in set(Severity):
        raise ValueError(f"is {quoted(value)}.{instead(value, list(Severity))}")
    return Severity(value)


def _subject(value: object) -> Subject:
    if not isinstance(value, str) or value not in set(Subject):
        raise ValueError(f"is {quoted(value)}.{instead(value, list(Subject))}")
    return Subject(value)


_Severity = Annotated[Severity, PlainValidator(_severity)]
_Selector = Annotated[Selector, PlainValidator(quantities.selector)]
_Glob = Annotated[str, Strict(), Field(min_length=1, max_length=200)]
_Span = Annotated[timedelta, PlainValidator(quantities.pause)]
_OneOrMany = BeforeValidator(lambda value: value if isinstance(value, list) else [value])


class Ignored(Table):
    """Differences that nobody minds: of these `paths` (globs), in these `tenants` or in all."""

    paths: Annotated[Some[_Glob], _OneOrMany]
    tenants: _Selector | None = None


class DriftPolicy(Table):
    """What becomes of drift.

    An issue is opened when drift is found so many times in a row as `detections` says, in the
    `repository` that is named, else in that of the service. With `fix` it is repaired at once,
    unless the desired revision has moved since, and not in a freeze, nor while looks are paused.
    What is `resolved` and comes back within `reopen_within` opens the same issue again. A cycle
    that could not run `unable_after` times in a row is told; more than `umbrella_above` issues of a
    repository are one.
    """

    detections: Annotated[int, Strict(), Field(ge=1, le=100)] = 2
    repository: Annotated[str, PlainValidator(_repository)] | None = None
    labels: Some[Name] = ()
    fix: Annotated[bool, Strict()] = False
    reopen_within: _Span = timedelta(days=14)
    unable_after: Annotated[int, Strict(), Field(ge=1, le=100)] = 3
    umbrella_above: Annotated[int, Strict(), Field(ge=1, le=1000)] = 20
    pause_in_freezes: Annotated[bool, Strict()] = False
    ignore: Annotated[tuple[Ignored, ...], Field(max_length=MOST_OF_THEM)] = ()


class Route(Table):
    """To whom alerts go: those about these `tenants`, of at least that `severity`.

    `mention` calls somebody by name, once, for what is critical.
    """

    to: Annotated[str, PlainValidator(_channel)]
    tenants: _Selector | None = None
    severity: _Severity = Severity.NOTICE
    about: Some[Annotated[Subject, PlainValidator(_subject)]] = tuple(Subject)
    mention: Annotated[str, PlainValidator(_mention)] | None = None
