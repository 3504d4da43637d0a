"""`make bench`: every figure as a ratio measured in the same run, as a table and as JSON."""

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.journal import WORKFLOWS, Figure, measure
from tests.bench.start import Start, help_start, serve_start

RESULTS = Path("bench.json")


def main() -> None:
    """Measure, print, and write `bench.json`."""
    console = Console()
    journal = [measure(concurrency) for concurrency in WORKFLOWS]
    console.print(_journal_table(journal))
    starts = [help_start(), serve_start()]
    console.print(_start_table(starts))
    results = {
        "journal": [asdict(figure) | {"share": figure.share} for figure in journal],
        "start": [asdict(start) for start in starts],
    }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    console.print(f"written to {RESULTS}")


def _journal_table(figures: list[Figure]) -> Table:
    table = Table(title="Durable steps a second, SQLite, synchronous=FULL, medians")
    for name in ("at once", "engine", "plain sqlite3, group commit", "engine / plain"):
        table.add_column(name, justify="right")
    for figure in figures:
        table.add_row(
            str(figure.concurrency),
            f"{figure.engine:,.0f}",
            f"{figure.limit:,.0f}",
            f"{figure.share:.2f}",
        )
    return table


def _start_table(starts: list[Start]) -> Table:
    table = Table(title="Starting, medians")
    for name in ("what", "seconds", "of a bare Python", "MB resident"):
        table.add_column(name, justify="right")
    for start in starts:
        table.add_row(
            start.name,
            f"{start.seconds:.2f}",
            f"{start.seconds / start.python_seconds:.1f} x",
            "" if start.megabytes is None else f"{start.megabytes:.0f}",
        )
    return table


if __name__ == "__main__":
    main()
