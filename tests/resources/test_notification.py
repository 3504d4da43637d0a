"""A line in a file, once for each key."""

import asyncio
import json
from pathlib import Path

import pytest

from bot.engine.engine import Engine
from resources.library import Notification


def text_of(file: Path) -> str:
    return file.read_text()


def lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in text_of(file).splitlines()]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "home" / "notifications.jsonl"


@pytest.fixture
def torn_file(file: Path) -> Path:
    """A file whose writer was killed in the middle of a line."""
    file.parent.mkdir()
    file.write_text('{"key": "a", "te')
    return file


async def test_it_is_one_line_of_json(engine: Engine, file: Path) -> None:
    told = Notification(file=file, key="a", text="two\nlines", facts={"failed": ["acme"]})

    assert await engine.run(told) is True

    assert lines(file) == [{"key": "a", "text": "two\nlines", "failed": ["acme"]}]


async def test_a_key_is_told_once(engine: Engine, file: Path) -> None:
    await engine.run(Notification(file=file, key="a", text="first"))

    assert await engine.run(Notification(file=file, key="a", text="again")) is False
    assert [line["text"] for line in lines(file)] == ["first"]


async def test_many_at_once_are_all_told(engine: Engine, file: Path) -> None:
    told = [Notification(file=file, key=str(number % 20), text="x") for number in range(40)]

    answers = await asyncio.gather(*(engine.run(each) for each in told))

    assert sum(answers) == 20
    assert {line["key"] for line in lines(file)} == {str(number) for number in range(20)}
    assert len(lines(file)) == 20


async def test_a_line_that_was_torn_does_not_spoil_the_next(
    engine: Engine, torn_file: Path
) -> None:
    await engine.run(Notification(file=torn_file, key="b", text="whole"))

    assert text_of(torn_file).splitlines()[1:] == ['{"key": "b", "text": "whole"}']
