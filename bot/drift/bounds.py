"""Differences as they are kept: without secrets, and no longer than a person reads."""

import json
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from hashlib import sha256

from pydantic import JsonValue

from bot.engine.steps.looks import masked
from bot.rollouts.profiles.variables import masked as by_name
from resources.masking import Masks
from resources.model.resource import Difference

LONGEST_PATH = 200
LONGEST_VALUE = 400
LONGEST_PROBLEM = 600
MOST_LINES = 2_000


def kept(masks: Masks, differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """Answer differences that can be kept and shown."""
    return tuple(_bounded(masked(masks, each)) for each in differences)


def kept_problem(masks: Masks, problem: str) -> str:
    """Answer why a look could not be made, as it can be kept and shown."""
    return _cut(masks.mask(problem), LONGEST_PROBLEM)


def _bounded(difference: Difference) -> Difference:
    desired, observed = difference.desired, difference.observed
    names = tuple(difference.path.split("/"))
    if len(difference.path) > LONGEST_PATH:
        # What a part is called tells whether it is shown, and names do not outlast a cut.
        desired, observed = by_name(desired, names), by_name(observed, names)
    if _is_long(desired) and _is_long(observed):
        desired, observed = other_lines(str(desired), str(observed))
    return difference.model_copy(
        update={
            "path": _cut(difference.path, LONGEST_PATH),
            "desired": _value(desired, names),
            "observed": _value(observed, names),
        }
    )


def other_lines(desired: str, observed: str) -> tuple[str, str]:
    """Answer the lines of two texts that are others, each after its number.

    Texts of very many lines are answered as they are, as to compare them would take too long.
    """
    one, other = desired.splitlines(), observed.splitlines()
    if one == other or max(len(one), len(other)) > MOST_LINES:
        return desired, observed
    changes = [
        change
        for change in SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
        if change[0] != "equal"
    ]
    return (
        _numbered(one, [(begin, end) for _, begin, end, _, _ in changes]),
        _numbered(other, [(begin, end) for _, _, _, begin, end in changes]),
    )


def _numbered(lines: Sequence[str], spans: Iterable[tuple[int, int]]) -> str:
    numbers = [number for begin, end in spans for number in range(begin, end)]
    return "\n".join(f"line {number + 1}: {lines[number]}" for number in numbers)


def _is_long(value: JsonValue) -> bool:
    return isinstance(value, str) and "\n" in value.strip()


def _value(value: JsonValue, names: tuple[str, ...]) -> JsonValue:
    """Answer a value that is short; a long nested one becomes the beginning of its text."""
    if isinstance(value, str):
        return _cut(value, LONGEST_VALUE)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    if len(text) <= LONGEST_VALUE:
        return value
    shown = json.dumps(by_name(value, names), ensure_ascii=False, sort_keys=True)
    return _cut(shown, LONGEST_VALUE)


def _cut(text: str, most: int) -> str:
    """Cut a text, and say so; two that begin alike are still told apart."""
    if len(text) <= most:
        return text
    end = f" … (cut, sha256:{sha256(text.encode(errors='surrogatepass')).hexdigest()[:12]})"
    return text[: most - len(end)] + end
