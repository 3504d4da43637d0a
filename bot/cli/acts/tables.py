"""Tables, in the room that a terminal has, and uncut for the program behind a pipe."""

import os
import sys

from rich.console import Console
from rich.table import Table

UNCUT = 1_000_000
"""More columns than any table has: one that is printed so is as wide as what it holds."""


def print_table(table: Table) -> None:
    """Print a table; no cell of it is cut or broken where nobody sits at a terminal.

    An editor that shows what its commands print says in `COLUMNS` how much room there is.
    """
    has_an_edge = sys.stdout.isatty() or "COLUMNS" in os.environ
    # What a cell holds others have typed: brackets and colons in it mean nothing.
    console = Console(
        width=None if has_an_edge else UNCUT, markup=False, emoji=False, highlight=False
    )
    console.print(table)
