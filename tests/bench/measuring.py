"""Rounds in turn, medians, ratios of the same round, and the table and the JSON made of them."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

Sample = Mapping[str, float]
"""What one round of a contender answers: figures by name."""

Row = dict[str, Any]


class NotAvailable(Exception):
    """Something to compare with is not there, which is no error of ours."""


@dataclass
class Measured:
    """The rounds of one contender, or the reason why there are none."""

    samples: list[Sample] = field(default_factory=list)
    problem: str | None = None
    failed: bool = False
    """Whether the problem is an error, and not only the lack of something."""

    def median(self, figure: str) -> float | None:
        """Answer the median of one figure."""
        found = [sample[figure] for sample in self.samples if figure in sample]
        return statistics.median(found) if found and not self.problem else None

    def ratio(self, other: "Measured", figure: str) -> float | None:
        """Answer the median of the ratios to `other`, each of the same round."""
        if self.problem or other.problem:
            return None
        pairs = zip(self.samples, other.samples, strict=False)
        ratios = [ours[figure] / theirs[figure] for ours, theirs in pairs]
        return statistics.median(ratios) if ratios else None

    def give_up(self, error: Exception) -> None:
        """Take no further part: the rest of the benchmark goes on without."""
        lines = str(error).strip().splitlines() or [type(error).__name__]
        self.problem = f"not available: {lines[-1][:200]}"
        self.failed = not isinstance(error, NotAvailable)


@dataclass(frozen=True)
class Part:
    """One table: `columns` maps the names of figures to how they are printed."""

    title: str
    columns: Mapping[str, str]
    rows: Sequence[Row]
    failed: bool = False

    def table(self) -> Table:
        """Answer what a person reads."""
        table = Table(title=self.title, title_justify="left")
        for number, name in enumerate(self.columns):
            table.add_column(name, justify="right" if number else "left", overflow="fold")
        for row in self.rows:
            table.add_row(*(_shown(row.get(name), self.columns[name]) for name in self.columns))
        return table

    def data(self) -> Row:
        """Answer what a program reads."""
        return {"title": self.title, "rows": list(self.rows)}


def in_turn(
    contenders: Mapping[str, Callable[[], Sample]], rounds: int, fewer: Mapping[str, int] = {}
) -> dict[str, Measured]:
    """Measure everyone once a round, so that what disturbs the machine disturbs all of them.

    `fewer` names those that take part in the first rounds only, as theirs are long.
    """
    measured = {name: Measured() for name in contenders}
    for number in range(rounds):
        for name, measure in contenders.items():
            result = measured[name]
            if result.problem or number >= fewer.get(name, rounds):
                continue
            try:
                result.samples.append(measure())
            except Exception as error:  # noqa: BLE001 (its line of the table says so)
                result.give_up(error)
    return measured


def any_failed(measured: Mapping[str, Measured]) -> bool:
    """Answer whether a contender has failed, and was not only missing."""
    return any(each.failed for each in measured.values())


def _shown(value: Any, how: str) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else format(value, how)
