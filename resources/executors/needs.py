"""What scripts of a sort need of the machine, as earlier ones have shown it."""

from collections import OrderedDict
from dataclasses import dataclass, replace

from resources.executors.load import Load

MOST_SORTS = 1_000
FORGETS = 8
"""A sort that needs less than it did comes down by one part in so many with each script."""

LEAST_CPU = 0.05


@dataclass(frozen=True)
class Needs:
    """What a script is expected to need: a part of one CPU, and bytes of memory.

    `first` is for one that runs while no other of its sort does, `further` for one beside others:
    they have the pages of their program in common. A script that can use more than one CPU counts
    as one: more of them at once are slower, but none falls over.
    """

    cpu: float = 1.0
    first: int = 512 * 1024 * 1024
    further: int = 512 * 1024 * 1024

    @property
    def common(self) -> int:
        """What all that run at the same time have once."""
        return max(0, self.first - self.further)


UNKNOWN = Needs()


@dataclass(frozen=True)
class Shown:
    """What one script has shown so far, from look to look.

    `common` is `None` where others of its sort ran beside it all the time: what they have in
    common was not to be seen. `now` is the part of a CPU that it could use lately.
    """

    began: float
    last: Load
    worked: float = 0.0
    now: float = 1.0
    own: int = 0
    common: int | None = None
    looks: int = 0

    @property
    def lasted(self) -> float:
        """Seconds until the last look."""
        return self.last.at - self.began

    @property
    def cpu(self) -> float:
        """The part of a CPU that it could use on the average."""
        return _part(self.worked, self.lasted)

    def after(self, load: Load, *, alone: bool) -> "Shown":
        """Answer what is known after one more look."""
        worked = max(0.0, load.cpu - self.last.cpu)
        return Shown(
            began=self.began,
            last=load,
            worked=self.worked + worked,
            now=_part(worked, load.at - self.last.at),
            own=max(self.own, load.own),
            common=max(self.common or 0, load.whole - load.own) if alone else self.common,
            looks=self.looks + 1,
        )


def began(at: float) -> Shown:
    """Answer what a script that begins has shown."""
    return Shown(began=at, last=Load(at=at, cpu=0.0, whole=0, own=0))


class Learned:
    """Remembers what sorts of scripts need; of very many, those that were asked for last."""

    def __init__(self, most: int = MOST_SORTS) -> None:
        self._most = most
        self._needs: OrderedDict[str, Needs] = OrderedDict()

    def of(self, sort: str) -> Needs | None:
        """Answer what a sort needs, or `None` where none has shown it."""
        needs = self._needs.get(sort)
        if needs is not None:
            self._needs.move_to_end(sort)
        return needs

    def learn(self, sort: str, shown: Shown) -> None:
        """Take up what a script has shown to its end; more at once, less slowly."""
        if not shown.looks:
            return
        known = self.of(sort)
        self._needs[sort] = _first(shown) if known is None else _more(known, shown)
        while len(self._needs) > self._most:
            self._needs.popitem(last=False)


def _first(shown: Shown) -> Needs:
    common = UNKNOWN.first - shown.own if shown.common is None else shown.common
    return Needs(max(LEAST_CPU, shown.cpu), shown.own + max(0, common), shown.own)


def _more(known: Needs, shown: Shown) -> Needs:
    own = round(_towards(known.further, shown.own))
    common = known.common if shown.common is None else _towards(known.common, shown.common)
    cpu = max(LEAST_CPU, _towards(known.cpu, shown.cpu))
    return replace(known, cpu=cpu, first=own + round(common), further=own)


def _towards(known: float, shown: float) -> float:
    return shown if shown >= known else known - (known - shown) / FORGETS


def _part(worked: float, seconds: float) -> float:
    return min(1.0, worked / seconds) if seconds > 0 else 1.0
