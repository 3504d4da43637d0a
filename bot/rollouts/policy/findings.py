"""From what pydantic finds wrong with a file to what its author is told, key by key."""

from collections.abc import Callable, Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.rollouts.policy.lines import Lines
from bot.rollouts.policy.phrases import Path, key_of
from bot.rollouts.policy.problems import MOST_PROBLEMS, Problem

MISFITS = "misfits"
"""The error of what does not fit together; its context has each path below, and what is wrong."""

_KEY = "[key]"
_WORDS = {
    "missing": "is missing.",
    "bool_type": "is neither `true` nor `false`.",
    "int_type": "is not a whole number.",
    "string_type": "is not a text in quotes.",
    "tuple_type": "is not a list.",
    "dict_type": "is not a table.",
    "model_type": "is not a table.",
    "too_long": "holds more than {max_length}.",
    "string_too_short": "is empty.",
    "string_too_long": "is longer than {max_length} characters.",
    "greater_than_equal": "is less than {ge}.",
    "less_than_equal": "is more than {le}.",
}


def problems_of(
    refused: ValidationError, raw: object, text: str, unknown: Callable[[Path], str]
) -> list[Problem]:
    """Answer the problems of a file, each with its line; one more than are ever told."""
    lines = Lines(text)
    return [
        Problem(f"{key_of(path)} {words}", lines.of(path))
        for path, words in findings(refused, raw, unknown)
    ]


def findings(
    refused: ValidationError, raw: object, unknown: Callable[[Path], str]
) -> Iterator[tuple[Path, str]]:
    """Answer where each thing is that is wrong, and the words that follow its key.

    `unknown` words what is said of a key that there is not.
    """
    errors = refused.errors(include_url=False, include_input=False)
    for error in errors[: MOST_PROBLEMS + 1]:
        yield from _said(error, raw, unknown)


def _said(
    error: ErrorDetails, raw: object, unknown: Callable[[Path], str]
) -> Iterator[tuple[Path, str]]:
    path = _path(error["loc"], raw)
    if error["type"] == MISFITS:
        yield from ((path + below, words) for below, words in error["ctx"]["misfits"])
    elif error["type"] == "extra_forbidden":
        yield path, unknown(path)
    elif error["type"] in _WORDS:
        yield path, _WORDS[error["type"]].format(**error.get("ctx", {}))
    else:
        yield path, error["msg"].removeprefix("Value error, ")


def _path(place: Path, raw: object) -> Path:
    """Answer the path as the file has it, without what pydantic adds to it.

    That is the kind of a freeze, a mark on what is wrong with a key itself, and a place in a list
    for which a single value stands.
    """
    path: Path = ()
    for part in place if place[:1] != ("freezes",) else place[:2] + place[3:]:
        if isinstance(raw, list) and isinstance(part, int):
            raw = raw[part]
        elif isinstance(raw, dict) and (part != _KEY or _KEY in raw):
            raw = raw.get(part)
        else:
            break
        path = (*path, part)
    return path
