"""What Terraform says while it works: JSON lines, made into lines for people and what they mean.

https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

import json
import os
import re
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from resources.executors.failures import TAIL_LINES, tail_of
from resources.executors.script import ScriptResult

LONGEST_LINE = 1_000_000
LONGEST_DETAIL = 2_000

_BEGINS = '{"@level":'
_UNTOLD = frozenset({"version", "refresh_start", "refresh_complete", "outputs"})
_DESTROYS = frozenset({"delete", "replace"})
_LOCKED = "Error acquiring the state lock"
_ASKS_FOR_INIT = re.compile(r"\b(terraform|tofu) init\b")
_LOCKED_BY = re.compile(r"state already locked: ID=([^\n]+)")


class Place(NamedTuple):
    """Where an object is: in a module, of a kind, by a name and the key of its instance.

    As events and states have it alike: an address is quoted otherwise by each version.
    """

    module: str
    kind: str
    name: str
    key: str | int | None


NOWHERE = Place("", "", "", None)


class Change(NamedTuple):
    """What happens to one object of the module: `act` is Terraform's word, such as `create`.

    `imported`: it was there before, and the module takes it over.
    """

    address: str
    act: str
    reason: str = ""
    place: Place = NOWHERE
    imported: bool = False

    @property
    def destroys(self) -> bool:
        """Whether what is there goes, even where another takes its place.

        An object whose creation broke off (`tainted`) does not count: nobody relies on it yet.
        """
        return self.act in _DESTROYS and self.reason != "tainted"

    def __str__(self) -> str:
        why = f" ({self.reason.replace('_', ' ')})" if self.reason else ""
        return f"{self.act} {self.address}{why}"


class Diagnostic(NamedTuple):
    """An error or a warning, and the line of the module that it is about, if any."""

    severity: str
    summary: str
    detail: str
    place: str

    def __str__(self) -> str:
        """Say it so that whoever reads the output of tools finds the file and the line."""
        text = " ".join(f"{self.severity.capitalize()}: {self.summary}. {self.detail}".split())
        return f"{self.place}: {text[:LONGEST_DETAIL]}" if self.place else text[:LONGEST_DETAIL]


class Events:
    """Takes the output of one command in pieces of any cut, and tells it line by line.

    `module` is the folder to which the names of files in diagnostics belong.
    """

    def __init__(self, tell: Callable[[str], None], module: Path) -> None:
        self._tell = tell
        self._module = module
        self._rest = ""
        self._told: list[str] = []
        self._last: deque[str] = deque()
        self._forgotten = 0
        self.changes: list[Change] = []
        self.drifted: list[Change] = []
        self.diagnostics: list[Diagnostic] = []
        self.locked_by: str | None = None
        """Who held the lock of the state, where that kept the command from doing anything."""

    def hear(self, piece: str) -> None:
        """Take a piece of the output."""
        *lines, rest = (self._rest + piece).split("\n")
        for line in lines:
            self._line(line)
        # What never ends is no event.
        self._rest = rest[-LONGEST_LINE:]
        self._tell_all()

    def end(self) -> None:
        """Take what was left of the last line."""
        self._line(self._rest)
        self._rest = ""
        self._tell_all()

    @property
    def errors(self) -> list[Diagnostic]:
        """What went wrong."""
        return [each for each in self.diagnostics if each.severity == "error"]

    @property
    def tail(self) -> str:
        """The last lines that it said, and below them, where they are not cut, all diagnostics."""
        lines = [*self._last, *(f"{each}\n" for each in self.diagnostics)]
        return tail_of(ScriptResult(output="".join(lines), cut_bytes=self._forgotten))

    @property
    def asks_for_init(self) -> bool:
        """Whether it could not begin, for lack of something that an `init` fetches."""
        return any(_ASKS_FOR_INIT.search(f"{each.summary} {each.detail}") for each in self.errors)

    def failed_for(self, *summaries: str) -> bool:
        """Answer whether an error has one of those summaries."""
        return any(each.summary in summaries for each in self.errors)

    def _tell_all(self) -> None:
        """Tell what came together at once: each telling has its price."""
        if self._told:
            self._tell("".join(self._told))
            self._told.clear()

    def _line(self, line: str) -> None:
        event = _read(line)
        if held := _LOCKED_BY.search(line.replace("\\n", "\n")):
            self.locked_by = held[1].strip()
        if event is None:
            if line.strip() and not line.startswith(_BEGINS):  # half an event tells nothing
                self._say(f"{line}\n")
            return
        kind = str(event.get("type"))
        if kind == "diagnostic":
            found = _diagnostic(event.get("diagnostic") or {}, self._module)
            self.diagnostics.append(found)
            if found.summary != _LOCKED:  # whoever waits for it says so once
                self._told.append(f"{found}\n")
            return
        if kind == "planned_change":
            self.changes.append(_change(event))
        elif kind == "resource_drift":
            self.drifted.append(_change(event))
        if kind not in _UNTOLD:
            self._say(f"{event.get('@message', kind)}\n")

    def _say(self, line: str) -> None:
        self._told.append(line)
        self._last.append(line)
        if len(self._last) > TAIL_LINES:
            self._forgotten += len(self._last.popleft().encode())


def _read(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "@level" in event else None


def _change(event: dict[str, Any]) -> Change:
    change = event.get("change") or {}
    resource = change.get("resource") or {}
    return Change(
        address=str(resource.get("addr", "?")),
        act=str(change.get("action", "?")),
        reason=str(change.get("reason") or ""),
        place=Place(
            module=str(resource.get("module", "")),
            kind=str(resource.get("resource_type", "")),
            name=str(resource.get("resource_name", "")),
            key=resource.get("resource_key"),
        ),
        imported="importing" in change,
    )


def _diagnostic(told: dict[str, Any], module: Path) -> Diagnostic:
    at = told.get("range") or {}
    place = ""
    if at.get("filename"):
        file = os.path.normpath(module / str(at["filename"]))
        place = f"{file}:{(at.get('start') or {}).get('line', 1)}"
    summary, detail = str(told.get("summary", "")), str(told.get("detail", ""))
    return Diagnostic(str(told.get("severity", "error")), summary, detail, place)
