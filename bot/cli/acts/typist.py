"""Who types on a command line."""

import getpass
import os

LONGEST_NAME = 64


def who_types() -> str:
    """Answer the user of the operating system."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = f"user {os.getuid()}"
    return name[:LONGEST_NAME] or "somebody"
