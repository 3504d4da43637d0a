"""A cache that is cleared once for each reference."""

from pathlib import Path

import pytest

from bot.engine.engine import Engine
from resources.library import (
    CdnCache,
    ClearCdnCache,
)


@pytest.fixture
def cache(tmp_path: Path) -> CdnCache:
    cache = CdnCache(directory=tmp_path / "cdn")
    for path in ("/index.html", "/assets/app.js", "/assets/logo.png"):
        cache.put(path, b"old")
    return cache


async def test_what_matches_is_removed(engine: Engine, cache: CdnCache) -> None:
    clear = ClearCdnCache(cache=cache, paths=("/assets/*",), reference="first")

    invalidation = await engine.run(clear)

    assert invalidation.removed == ("/assets/app.js", "/assets/logo.png")
    assert cache.objects() == ["/index.html"]


async def test_a_reference_is_good_for_one_invalidation(engine: Engine, cache: CdnCache) -> None:
    first = await engine.run(ClearCdnCache(cache=cache, reference="first"))
    cache.put("/index.html", b"new")

    again = await engine.run(ClearCdnCache(cache=cache, reference="first"))

    assert again == first
    assert cache.objects() == ["/index.html"]


async def test_another_reference_clears_again(engine: Engine, cache: CdnCache) -> None:
    await engine.run(ClearCdnCache(cache=cache, reference="first"))
    cache.put("/index.html", b"new")

    await engine.run(ClearCdnCache(cache=cache, reference="second"))

    assert cache.objects() == []
