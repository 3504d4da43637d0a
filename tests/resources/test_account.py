"""A tenant's account on a real disk."""

from pathlib import Path

import pytest

from bot.engine.engine import Engine
from resources.errors import StepFailed
from resources.library import LocalAccount


async def test_its_number_follows_from_its_id(engine: Engine, tmp_path: Path) -> None:
    account = await engine.run(LocalAccount(id="acme", home=tmp_path))

    assert (account.id, account.number, account.path) == (
        "acme",
        "757206611799",
        tmp_path / "acme",
    )


async def test_a_change_by_hand_is_found(engine: Engine, tmp_path: Path) -> None:
    acme = LocalAccount(id="acme", home=tmp_path)
    account = await engine.run(acme)
    assert await engine.run(acme, "cycle") == []

    (account.path / "account.json").write_text('{"id": "acme", "number": "1"}')

    assert [found.observed for found in await engine.run(acme, "cycle")] == ["1"]


async def test_it_is_not_closed_while_something_lives_in_it(engine: Engine, tmp_path: Path) -> None:
    acme = LocalAccount(id="acme", home=tmp_path)
    account = await engine.run(acme)
    (account.path / "backend").mkdir()

    with pytest.raises(StepFailed, match="account-acme is not closed: backend still live"):
        await engine.run(acme, "uninstall")

    (account.path / "backend").rmdir()
    await engine.run(acme, "uninstall")
    assert not account.path.exists()
