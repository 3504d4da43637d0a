"""`make bench`: what the engine promises, each figure beside another of the same run.

`make bench ARGS="journal queue"` measures only those parts. The status is not 0 where something
failed, and never for slowness.
"""

import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from tests.bench import (
    arrival,
    drift,
    history,
    ingest,
    journal,
    queued,
    reached,
    resume,
    start,
    takeover,
    terraform,
)
from tests.bench.measuring import Part, Row
from tests.bench.stores import Store, both_stores

RESULTS = Path("bench.json")

PARTS: dict[str, Callable[[Store, Store], Iterator[Part]]] = {
    "journal": journal.parts,
    "queue": queued.parts,
    "resume": resume.parts,
    "history": history.parts,
    "reached": reached.parts,
    "start": start.parts,
    "ingest": ingest.parts,
    "arrival": arrival.parts,
    "drift": drift.parts,
    "take-over": takeover.parts,
    "terraform": terraform.parts,
}


def main() -> None:
    """Measure what was asked for, print it, and write `bench.json`."""
    asked = sys.argv[1:] or list(PARTS)
    unknown = sorted(set(asked) - set(PARTS))
    if unknown:
        raise SystemExit(
            f"There is no part `{unknown[0]}` of the benchmark; there are {', '.join(PARTS)}."
        )
    console = Console(width=max(Console().width, 100))
    results: dict[str, object] = {"machine": _machine()}
    failed = False
    with both_stores() as (sqlite, postgres):
        for name in asked:
            told: list[Row] = []
            for part in PARTS[name](sqlite, postgres):
                console.print(part.table())
                told.append(part.data())
                failed = failed or part.failed
            results[name] = told
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    console.print(f"written to {RESULTS}")
    if failed:
        raise SystemExit(1)


def _machine() -> Row:
    """Answer what the absolute figures depend on; a load says that others were at work."""
    return {
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "system": platform.platform(),
    }


if __name__ == "__main__":
    main()
