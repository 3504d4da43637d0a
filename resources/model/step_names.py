"""How the steps of one run are told apart: by name, and for a name that returns by its turn."""

import asyncio
import re
from collections.abc import Iterable
from functools import cache

from resources.errors import AmbiguousStep, OrbitsError


class StepNameRefused(OrbitsError):
    """A step's name cannot be written down, or shown in a comment, as it is."""


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:@+=-]{0,118}[A-Za-z0-9]|[A-Za-z0-9]")


@cache
def _check(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise StepNameRefused(
            f"`{name}` is no name for a step: use at most 120 letters, digits and -._:@+=, "
            "such as `sql-migrate`."
        )


class StepNames:
    """The names that one body of code (a hook, a workflow) has used so far.

    The turns of a loop are told apart by their number, as one task takes them in order. Two
    tasks that use one name at once would get their numbers by chance: that is refused.
    """

    def __init__(self, prefix: str, owner: str) -> None:
        self._prefix = prefix
        self._owner = owner
        self._asked: set[str] = set()
        self._used: dict[str, tuple[asyncio.Task[object] | None, int]] = {}

    def key(self, name: str, given_name: str | None = None) -> str:
        """Answer the key under which this turn of the step is remembered.

        `given_name` is what the author called it, where `name` has more than that.
        """
        _check(given_name or name)
        task = asyncio.current_task()
        user, turns = self._used.get(name, (task, 0))
        if user is not task:
            raise AmbiguousStep(
                f"{self._owner} asks for the step `{name}` in two tasks, so a restart could not "
                "tell whose result is whose. Give each its own name, such as "
                f"`{name}-` and what it works on."
            )
        self._used[name] = (task, turns + 1)
        key = f"{self._prefix}{name}" if turns == 0 else f"{self._prefix}{name}#{turns + 1}"
        self._asked.add(key)
        return key

    def forgotten(self, remembered: Iterable[str]) -> list[str]:
        """Answer those remembered keys of this body's own steps that it did not ask for."""
        return sorted(key for key in remembered if self._is_own(key) and key not in self._asked)

    def _is_own(self, key: str) -> bool:
        # A slash before the identity belongs to the steps of a workflow inside this body.
        return (
            key.startswith(self._prefix) and "/" not in key[len(self._prefix) :].partition("[")[0]
        )
