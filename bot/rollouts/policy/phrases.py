"""How the keys and values of `orbits.toml` are named in problems: as typed, and bounded."""

import json
import re
from collections.abc import Collection

from bot.report.suggestions import closest, in_code, listed

Path = tuple[str | int, ...]
"""The way from the top of the file to a value: keys, and places in lists, counted from 0."""

_LONGEST = 60
_LARGEST = 10**12
_BARE = re.compile(r"[A-Za-z0-9_-]{1,60}")


def quoted(value: object) -> str:
    """Quote a value as TOML writes it, shortened where it is long."""
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    return in_code(_written(value))


def key_of(path: Path) -> str:
    """Quote a path, such as `freezes[0].zone`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += "." * bool(text) + (part if _BARE.fullmatch(part) else _written(part))
    return in_code(text, 200)


def instead(typed: object, known: Collection[str]) -> str:
    """Say what was meant, or else what there is: a sentence, with a blank before it."""
    near = closest(typed[:_LONGEST], known) if isinstance(typed, str) else None
    if near is not None:
        return f" Did you mean {in_code(near)}?"
    return f" There are: {listed(known) or 'none'}."


def _written(value: object) -> str:
    if isinstance(value, str):
        cut = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
        return json.dumps(cut, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) >= _LARGEST:
        return "a number of many digits"
    return str(value)
