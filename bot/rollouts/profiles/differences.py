"""What becomes of tenants, told before it is done: one line for each thing that is another."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from bot.report.suggestions import closest, in_code
from bot.rollouts.profiles.profile import Profile
from bot.rollouts.profiles.variables import shown


@dataclass(frozen=True)
class TenantChange:
    """One tenant as it was found and as it is to be; it is added, or forgotten, where one is none.

    It is carried out only where the tenant still is as it was found.
    """

    name: str
    before: Profile | None
    after: Profile | None

    @property
    def differs(self) -> bool:
        """Whether anything is to be done."""
        if self.before is None or self.after is None:
            return self.before is not self.after
        return bool(differences(self.before, self.after))

    @property
    def mark(self) -> str:
        """Whether it is added, changed or forgotten, in one character."""
        if self.before is None:
            return "+"
        return "-" if self.after is None else "~"

    def __str__(self) -> str:
        lines = differences(self.before or Profile(), self.after) if self.after else []
        return "\n".join([f"{self.mark} {self.name}", *(f"    {line}" for line in lines)])


def differences(before: Profile, after: Profile) -> list[str]:
    """Answer in what two profiles are not the same, in the order of their fields."""
    return [
        *_replaced("ring", before.ring, after.ring),
        *_members("tag", before.tags, after.tags),
        *_replaced("services", _listed(before.services), _listed(after.services)),
        *_entries("branch", _tracked(before), _tracked(after)),
        *_entries("variable", _given(before.variables), _given(after.variables)),
    ]


def likely_rings(changes: Iterable[TenantChange], there: Mapping[str, Profile]) -> list[str]:
    """Ask back about rings that nobody was in, and that look like one in which somebody is."""
    known = {profile.ring for profile in there.values()}
    new = {change.after.ring for change in changes if change.after} - known
    near = {ring: closest(ring, known) for ring in sorted(new)}
    return [
        f"Nobody was in the ring {in_code(ring)} before. Did you mean {in_code(meant)}?"
        for ring, meant in near.items()
        if meant
    ]


_Entries = Mapping[str, tuple[str, str]]
"""By name: what is compared, and what is shown of it."""


def _replaced(what: str, before: str, after: str) -> Iterator[str]:
    if before != after:
        yield f"{what} {before} → {after}"


def _members(what: str, before: Iterable[str], after: Iterable[str]) -> Iterator[str]:
    yield from (f"- {what} {name}" for name in sorted(set(before) - set(after)))
    yield from (f"+ {what} {name}" for name in sorted(set(after) - set(before)))


def _entries(what: str, before: _Entries, after: _Entries) -> Iterator[str]:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old is None and new is not None:
            yield f"+ {what} {new[1]}"
        elif old is not None and new is None:
            yield f"- {what} {old[1]}"
        elif old is not None and new is not None and old[0] != new[0]:
            yield f"{what} {old[1]} → {new[1]}"


def _listed(services: Iterable[str]) -> str:
    return ", ".join(services) or "all"


def _tracked(profile: Profile) -> _Entries:
    return {name: (branch, f"{name}={branch}") for name, branch in profile.branches.items()}


def _given(variables: Mapping[str, JsonValue]) -> _Entries:
    """In Python `1` is `True` and `1.0`; in JSON it is not."""
    return {
        name: (json.dumps(value, sort_keys=True), shown(name, value))
        for name, value in variables.items()
    }
