"""The variables of a tenant: JSON values, of which secrets are references to where they are."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import JsonValue, ValidationInfo
from pydantic_core import PydanticCustomError

from bot.report.suggestions import in_code
from bot.rollouts.policy.findings import MISFITS
from bot.rollouts.policy.phrases import Path
from bot.rollouts.profiles.fields import Grounds
from resources.errors import Refused
from resources.secrets import NOT_SHOWN

LARGEST = 64 * 1024
"""Bytes of all variables of a tenant, as JSON."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:/\S(?:.*\S)?")
_OF_THE_BOT = "env:ORBITS_"
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRET = re.compile(r".*(password|passwd|passphrase|secret|token|credential)s?|pwd|keys?|apikeys?")
_PUBLIC = frozenset({"public", "publishable"})
_DEEPEST = 20
_LARGEST_NUMBER = 2**63 - 1
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NO_TABLE = "is not a table."


def variables(value: object, info: ValidationInfo) -> dict[str, JsonValue]:
    """Read a table of variables; raises all that is wrong with them at once."""
    if not isinstance(value, dict):
        raise ValueError(_NO_TABLE)  # noqa: TRY004 (pydantic gathers ValueErrors)
    grounds = Grounds.of(info)
    misfits = [each for name, inner in value.items() for each in _misfits(name, inner, grounds)]
    if not misfits and len(json.dumps(value)) > LARGEST:
        misfits = [((), f"are larger than {LARGEST:,} bytes as JSON.")]
    if misfits:
        raise PydanticCustomError(MISFITS, "{misfits}", {"misfits": misfits})
    return value


def variable_of(text: str) -> tuple[str, JsonValue]:
    """Read `name=value`, which is text, or `name:=value`, which is JSON; raises `Refused`.

    What stands behind the sign is never shown: it may be a secret.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise Refused(
            f"{in_code(text)} is no variable: write `name=value`, or `name:=value` for JSON."
        )
    if not name.endswith(":"):
        return name, value
    name = name.removesuffix(":")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        raise Refused(
            f"What follows {in_code(f'{name}:=')} is not JSON. Write JSON, such as "
            f"{in_code(f'{name}:=3')}, or {in_code(f'{name}=')} before a text."
        ) from None


def is_reference(value: object) -> bool:
    """Answer whether a value says where a secret is, such as `env:NAME` or `file:/path`."""
    return isinstance(value, str) and value.isprintable() and bool(_REFERENCE.fullmatch(value))


def references_in(values: Mapping[str, JsonValue]) -> list[str]:
    """Answer the names of the variables that are references, or hold one."""
    return [name for name, value in values.items() if _refers(value)]


def _refers(value: JsonValue) -> bool:
    return any(is_reference(leaf) for _, leaf in _leaves(value))


def shown(name: str, value: JsonValue) -> str:
    """Answer a variable on one line, as it is typed; what may be a secret is not shown."""
    if is_reference(value):
        return f"{name} from {value}"
    visible = masked(value, (name,))
    if isinstance(visible, str) and visible.isprintable():
        return f"{name}={_cut(visible)}"
    written = json.dumps(visible, ensure_ascii=False)
    return f"{name}:={_cut(written if written.isprintable() else json.dumps(visible))}"


def _misfits(name: str, value: object, grounds: Grounds) -> Iterator[tuple[Path, str]]:
    """Answer what is wrong with one variable, and where in it."""
    if not _NAME.fullmatch(name):
        yield (name,), "is no name for a variable: use at most 64 letters, digits and `_`."
        return
    for path, leaf in _leaves(value, (name,)):
        if words := _wrong(leaf, path):
            yield path, words
        elif name not in grounds.plain and _is_plain_secret(leaf, path):
            yield path, _refer(path, grounds)


def _wrong(value: Any, path: Path) -> str:
    if len(path) > _DEEPEST:
        return "lies too deep in lists or tables."
    if any(isinstance(part, str) and _UNSTORABLE.search(part) for part in (*path, value)):
        return "holds characters that cannot be stored."
    if is_reference(value) and value.startswith(_OF_THE_BOT):
        return (
            f"refers to {in_code(value)}, a setting of the bot itself, which no stack is given. "
            "Set the value under another name, and refer to that."
        )
    return _no_json(value)


def _no_json(value: object) -> str:
    if value is not None and not isinstance(value, bool | int | float | str):
        return "is a date or a time, of which JSON has none: write it in quotes."
    if isinstance(value, float) and not math.isfinite(value):
        return "is no number that JSON has."
    if isinstance(value, int) and abs(value) > _LARGEST_NUMBER:
        return "is a number of too many digits: write it in quotes."
    return ""


def _is_plain_secret(value: object, path: Path) -> bool:
    """Whether a value stands, without being a reference, under the name of a secret."""
    if value is None or value == "" or isinstance(value, bool) or is_reference(value):
        return False
    return any(isinstance(part, str) and _is_secret(part) for part in path)


def _refer(path: Path, grounds: Grounds) -> str:
    """Say what to type instead of a secret, which is not shown."""
    name = str(path[0])
    called = next(part for part in reversed(path) if isinstance(part, str))
    reference = "env:" + ("_".join(_WORDS.findall(called)).upper() or "NAME")
    typed = grounds.written.format(name=name, value=reference) if len(path) == 1 else reference
    return (
        "is a plain value under the name of a secret. Refer to where the value is, such as by "
        f"{in_code(typed, 200)} or {in_code(f'file:/run/secrets/{name}', 200)}, or say that it is "
        f"no secret by {in_code(f'--plain {name}', 100)}."
    )


def _is_secret(name: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(name)]
    return _PUBLIC.isdisjoint(words) and any(map(_SECRET.fullmatch, words))


def masked(value: JsonValue, path: Path) -> JsonValue:
    """Answer a value without what stands, as its path tells, for a secret."""
    if isinstance(value, dict):
        return {name: masked(inner, (*path, name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, path) for inner in value]
    return NOT_SHOWN if _is_plain_secret(value, path) else value


def _leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Answer what is in no list and no table any more, each with where it is."""
    if isinstance(value, dict) and len(path) <= _DEEPEST:
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list) and len(path) <= _DEEPEST:
        for place, inner in enumerate(value):
            yield from _leaves(inner, (*path, place))
    else:
        yield path, value


def _cut(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
