"""Payloads of GitHub's that something happened to: fields are gone, or hold something else."""

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.github.examples import EXAMPLES, Example

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["", "../..", "\x00", "\ud800", "a/b", "0" * 40, "closed", "bot", [], {}]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["action", "id", "full_name"]), st.text(max_size=5)),
)


@dataclass(frozen=True)
class Change:
    """A field, deep or not, that was dropped, or got another value."""

    path: tuple[str | int, ...]
    dropped: bool
    value: Any = None


@dataclass(frozen=True)
class Spoiled:
    """An example with which something is wrong."""

    name: str
    changes: tuple[Change, ...]

    @property
    def example(self) -> Example:
        """What it was made of."""
        return EXAMPLES[self.name]

    @property
    def body(self) -> bytes:
        """The bytes that GitHub would send."""
        payload = self.example.payload
        for change in self.changes:
            *way, last = change.path
            place: Any = payload
            for key in way:
                place = place[key]
            if change.dropped:
                del place[last]
            else:
                place[last] = change.value
        return json.dumps(payload).encode()


@st.composite
def spoiled(draw: st.DrawFn, name: str) -> Spoiled:
    """An example of this name in which up to five different fields of the payload are wrong."""
    payload = EXAMPLES[name].payload
    first = draw(st.lists(st.sampled_from(sorted(payload)), min_size=1, max_size=5, unique=True))
    return Spoiled(name, tuple(draw(_changes(payload, key)) for key in first))


@st.composite
def _changes(draw: st.DrawFn, payload: dict[str, Any], first: str) -> Change:
    path: list[str | int] = [first]
    node: Any = payload[first]
    while node and isinstance(node, dict | list) and draw(st.booleans()):
        keys = sorted(node) if isinstance(node, dict) else list(range(len(node)))
        key: Any = draw(st.sampled_from(keys))
        path.append(key)
        node = node[key]
    dropped = draw(st.booleans())
    return Change(tuple(path), dropped, None if dropped else draw(JUNK))


def any_spoiled(names: list[str]) -> st.SearchStrategy[Spoiled]:
    """One of these examples with which something is wrong."""
    return st.sampled_from(names).flatmap(spoiled)
