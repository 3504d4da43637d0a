"""Names for runs and rollouts that sort by the time they were made."""

import secrets
from datetime import datetime


def new_id(at: datetime) -> str:
    """Answer a new identifier: thirteen hex digits of microseconds, eleven at random."""
    return f"{int(at.timestamp() * 1_000_000):013x}{secrets.token_hex(6)[1:]}"


def short(identifier: str) -> str:
    """Answer the part that a person reads and types."""
    return identifier[-8:]
