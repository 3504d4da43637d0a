"""Names for runs and rollouts that sort by the time they were made."""

import secrets
from datetime import datetime


def new_id(at: datetime) -> str:
    """Answer a new identifier: twelve hex digits of milliseconds, twelve at random."""
    return f"{int(at.timestamp() * 1000):012x}{secrets.token_hex(6)}"


def short(identifier: str) -> str:
    """Answer the part that a person reads and types."""
    return identifier[-8:]
