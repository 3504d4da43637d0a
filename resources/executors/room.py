"""How many scripts this machine has room for: who may go now, and what those inside hold."""

from collections import deque
from dataclasses import dataclass, field

from resources.executors.load import Load
from resources.executors.needs import UNKNOWN, Learned, Needs, Shown, began

IDLE = 0.1
"""Who can use less of a CPU than this waits for something else, and gives its slot to others."""

SPARE = 0.25
"""So much of a CPU may be given out too much, lest some that hardly work keep one from working."""

SETTLED = 5.0
"""After so many seconds, a script of an unknown sort is taken for what it has shown."""


@dataclass(eq=False)
class Guest:
    """A script that is in line, or inside."""

    sort: str
    needs: Needs | None = None
    """What was known of its sort when it came in."""
    shown: Shown = field(default_factory=lambda: began(0.0))

    @property
    def idles(self) -> bool:
        """Whether it only waits for something."""
        return self.shown.looks > 0 and self.shown.now < IDLE

    @property
    def cpu(self) -> float:
        """The part of a CPU that it holds."""
        if not self.shown.looks:
            return (self.needs or UNKNOWN).cpu
        return self.shown.now if self.idles else max(self.shown.now, (self.needs or UNKNOWN).cpu)

    @property
    def own(self) -> int:
        """The bytes that it holds for itself: what is expected, or more where it has more."""
        if self.needs is None and self.shown.looks and self.shown.lasted >= SETTLED:
            return self.shown.own
        return max(self.shown.own, (self.needs or UNKNOWN).further)

    @property
    def common(self) -> int:
        """The bytes that it holds once together with all others of its sort."""
        return max(self.shown.common or 0, self.needs.common if self.needs else 0)


class Room:
    """Slots of CPUs and memory, given out strictly in the order in which scripts come.

    Whoever needs more than the whole goes when nobody else inside does any work, so everybody
    gets in. It decides, and neither waits nor measures.
    """

    def __init__(self, cpus: float, memory: int, learned: Learned | None = None) -> None:
        self.cpus = cpus
        self.memory = memory
        self.inside: list[Guest] = []
        self.in_line: deque[Guest] = deque()
        self._learned = Learned() if learned is None else learned

    def knows(self, sort: str) -> bool:
        """Answer whether scripts of a sort have shown what they need."""
        return self._learned.of(sort) is not None

    def line_up(self, guest: Guest) -> None:
        """Let somebody stand in line."""
        self.in_line.append(guest)

    def let_in(self, at: float) -> list[Guest]:
        """Answer who may go now, and is inside from now on."""
        entered = []
        while self.in_line and self._fits(self.in_line[0]):
            guest = self.in_line.popleft()
            guest.needs, guest.shown = self._learned.of(guest.sort), began(at)
            self.inside.append(guest)
            entered.append(guest)
        return entered

    def look(self, guest: Guest, load: Load) -> None:
        """Take up what somebody inside takes at the moment."""
        alone = not any(other.sort == guest.sort for other in self.inside if other is not guest)
        guest.shown = guest.shown.after(load, alone=alone)

    def leave(self, guest: Guest) -> None:
        """Give back what somebody holds, or its place in the line, and learn from it."""
        if guest in self.inside:
            self.inside.remove(guest)
            self._learned.learn(guest.sort, guest.shown)
        elif guest in self.in_line:
            self.in_line.remove(guest)

    @property
    def held_cpus(self) -> float:
        """How many slots are given out."""
        return sum(guest.cpu for guest in self.inside)

    @property
    def held_memory(self) -> int:
        """How many bytes are given out: what scripts of a sort have in common only once."""
        common: dict[str, int] = {}
        for guest in self.inside:
            common[guest.sort] = max(guest.common, common.get(guest.sort, 0))
        return sum(guest.own for guest in self.inside) + sum(common.values())

    def _fits(self, guest: Guest) -> bool:
        needs = self._learned.of(guest.sort) or UNKNOWN
        beside = any(other.sort == guest.sort for other in self.inside)
        memory = needs.further if beside else needs.first
        if needs.cpu > self.cpus or memory > self.memory:
            return all(other.idles for other in self.inside)
        free = self.cpus + min(SPARE, self.cpus / 4) - self.held_cpus
        return needs.cpu <= free and memory <= self.memory - self.held_memory
