"""The store's migrations, oldest first."""

from pathlib import Path

MIGRATIONS = Path(__file__).parent
