"""Whether services wait for each other in a circle."""

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter


def circle_in(after: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Answer services of which each goes after the next, back to the first; empty if none do."""
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        # What graphlib names goes from a service to those that wait for it.
        return tuple(reversed(error.args[1]))
    return ()
