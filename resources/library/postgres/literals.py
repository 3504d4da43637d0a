"""Names, texts and blocks as they stand in a statement of PostgreSQL."""

import hashlib


def quoted(name: str) -> str:
    """Answer a name as it stands in a statement."""
    return '"{}"'.format(name.replace('"', '""'))


def literal(text: str) -> str:
    """Answer a text as a literal, in quotes that cannot stand in it."""
    tag = f"$o{hashlib.sha256(text.encode()).hexdigest()[:16]}$"
    return f"{tag}{text}{tag}"


def do(block: str) -> str:
    """Answer a block that is carried out at once."""
    return f"DO {literal(f'BEGIN {block} END')}"
