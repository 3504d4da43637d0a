"""What tests of drift may ask for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.simulated.github.apps import new_key_pair
from tests.drift.bureau import Bureau, opened


@pytest.fixture(scope="session")
def keys() -> tuple[str, str]:
    """The key pair of the App."""
    return new_key_pair()


@pytest.fixture
async def bureau(
    tmp_path: Path, migrated_file: Path, keys: tuple[str, str]
) -> AsyncIterator[Bureau]:
    """Two tenants, a GitHub, and the bot as far as it tells of drift there."""
    async with opened(tmp_path, migrated_file, keys) as bureau:
        yield bureau
