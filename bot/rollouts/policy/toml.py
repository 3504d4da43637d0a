"""From a text to the tables of TOML, within bounds: the text may be anybody's."""

import re
import tomllib
from collections.abc import Callable, Iterable
from typing import Any

from bot.rollouts.policy.problems import FileRefused, Problem

_MOST_DOTS = 100
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def parsed(
    text: str, largest: int, refusal: Callable[[Iterable[Problem]], FileRefused]
) -> dict[str, Any]:
    """Parse a text of at most `largest` bytes; raises what `refusal` makes of the problem."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise refusal([Problem("The file is no text in UTF-8.")]) from error
    if size > largest:
        raise refusal([Problem(f"The file has {size} bytes; at most {largest} are read.")])
    for number, line in enumerate(text.split("\n"), start=1):
        # The time that tomllib takes grows with the square of a key's parts
        # (https://github.com/python/cpython/issues/149231).
        if line.count(".") > _MOST_DOTS and not line.lstrip().startswith("#"):
            raise refusal([Problem(f"There are more than {_MOST_DOTS} dots on one line.", number)])
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise refusal([Problem("Lists or tables lie too deep in each other.")]) from error
    except ValueError as error:
        raise refusal([_no_toml(error)]) from error


def _no_toml(error: ValueError) -> Problem:
    if not isinstance(error, tomllib.TOMLDecodeError):
        return Problem("A number has too many digits.")
    place = _PLACE.search(str(error))
    line = int(place[1]) if place and place[1] else None
    where = "" if line else " at its end"
    return Problem(f"The file is no TOML{where}: {_PLACE.sub('', str(error))}.", line)
