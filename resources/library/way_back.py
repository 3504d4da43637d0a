"""What is said of a way back that would take away more than what was made since a success."""

from collections.abc import Sequence
from datetime import datetime

from resources.model.resource import CLOCKS_DIFFER

MOST_NAMED = 20


def named(losses: Sequence[object]) -> str:
    """Answer a list of what would be lost, each on a line of its own, and not too many."""
    lines = "".join(f"\n- {each}" for each in losses[:MOST_NAMED])
    more = len(losses) - MOST_NAMED
    return lines + (f"\n- and {more} more" if more > 0 else "")


def goes(what: object) -> str:
    """Answer the line on what goes without consent."""
    return f"To be removed on the way back, as it was made since the last success: {what}\n"


def what_stays(success: datetime | None) -> str:
    """Answer in words what does not go without consent."""
    if success is None:
        return "what is there"
    seconds = CLOCKS_DIFFER.total_seconds()
    return (
        "what was there at the last success of the whole "
        f"({success:%Y-%m-%d %H:%M:%S} UTC, or {seconds:.0f} seconds later)"
    )


def what_goes(success: datetime | None) -> str:
    """Answer in a sentence what needs no consent."""
    if success is None:
        return "As the whole never succeeded, nothing of it goes without consent."
    return "What was made since then needs no consent."
