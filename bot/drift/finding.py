"""What one look at a tenant's stack found."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from pydantic import JsonValue

from bot.rollouts.affected import deciding_glob
from resources.model.resource import Difference, Severity

MOST_KEPT = 200
"""So many differences of a stack are kept; the others are counted."""

_GRAVITY = list(Severity)


@dataclass(frozen=True)
class Found:
    """What differs, in the order of the paths, of so many in all; nothing: it is as desired."""

    differences: tuple[Difference, ...] = ()
    total: int = 0

    @classmethod
    def of(cls, differences: Iterable[Difference]) -> "Found":
        """Answer what is kept of these differences."""
        found = sorted(differences, key=lambda each: each.path)
        return cls(tuple(found[:MOST_KEPT]), len(found))

    @property
    def digest(self) -> str:
        """What tells it from another finding; empty where all is as desired."""
        if not self.differences:
            return ""
        said = [each.model_dump(mode="json") for each in self.differences]
        return sha256(json.dumps([said, self.total], sort_keys=True).encode()).hexdigest()

    @property
    def severity(self) -> Severity:
        """The greatest severity of its differences."""
        return max((each.severity for each in self.differences), key=_GRAVITY.index)

    def without(self, globs: Sequence[str], accepted: Iterable[tuple[str, str]]) -> "Found":
        """Answer what is left where these paths, and these states of paths, do not count."""
        kept, known = tuple(globs), set(accepted)
        return Found.of(
            each
            for each in self.differences
            if not _is_taken(each.path, kept) and (each.path, print_of(each.observed)) not in known
        )


def print_of(observed: JsonValue) -> str:
    """Answer what tells one observed state from another."""
    return sha256(json.dumps(observed, sort_keys=True).encode()).hexdigest()


def _is_taken(path: str, globs: tuple[str, ...]) -> bool:
    glob = deciding_glob(path, globs)
    return glob is not None and not glob.startswith("!")
