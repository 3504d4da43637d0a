from typing import Any

import pytest

from bot.simulated.slack import SlackRefused
from bot.simulated.slack.contents import content_of


def words(length: int, kind: str = "mrkdwn") -> dict[str, Any]:
    return {"type": kind, "text": "x" * length}


def button(**fields: Any) -> dict[str, Any]:
    return {"type": "button", "text": words(1, "plain_text"), **fields}


def context(count: int) -> dict[str, Any]:
    return {"type": "context", "elements": [words(1)] * count}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def section(**fields: Any) -> dict[str, Any]:
    return {"type": "section", **fields}


IN_ORDER = [
    [{"type": "divider"}] * 50,
    [{"type": "header", "text": words(150, "plain_text")}],
    [section(text=words(3000), accessory=button(url="https://x.test"))],
    [section(fields=[words(1000)] * 10)],
    [context(10)],
    [actions(*[button()] * 25)],
    [{"type": "image", "image_url": "https://x.test/x.png", "alt_text": "x"}],
]


@pytest.mark.parametrize("blocks", IN_ORDER)
def test_blocks_may_be_as_large_as_this(blocks: list[Any]) -> None:
    assert len(content_of(blocks=blocks).blocks) == len(blocks)


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        ({"type": "marquee"}, "unsupported type: marquee [json-pointer:/blocks/0/type]"),
        ("x", "must be an object [json-pointer:/blocks/0]"),
        (
            {"type": "header", "text": words(151, "plain_text")},
            "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            {"type": "header", "text": words(1)},
            "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
        ),
        (section(), "must define either `fields` or `text` [json-pointer:/blocks/0]"),
        (
            section(text=words(3001)),
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            section(text=words(0)),
            "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
        ),
        (section(text="x"), "must provide an object [json-pointer:/blocks/0/text]"),
        (
            section(text={"type": "mrkdwn"}),
            "missing required field: text [json-pointer:/blocks/0/text]",
        ),
        (
            section(text={"type": "mrkdwn", "text": 7}),
            "must provide a string [json-pointer:/blocks/0/text/text]",
        ),
        (
            section(fields=[words(1)] * 11),
            "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
        ),
        (section(fields=[]), "no fewer than 1 items allowed [json-pointer:/blocks/0/fields]"),
        (section(fields="x"), "must provide an array [json-pointer:/blocks/0/fields]"),
        (
            section(fields=[words(2001)]),
            "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
        ),
        (context(11), "no more than 10 items allowed [json-pointer:/blocks/0/elements]"),
        (
            actions(*[button()] * 26),
            "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            actions(button(text=words(76, "plain_text"))),
            "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
        ),
        (
            actions(button(style="loud")),
            "must be one of primary, danger [json-pointer:/blocks/0/elements/0/style]",
        ),
        (actions(words(1)), "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/type]"),
        (
            {"type": "image", "image_url": "https://x.test/x.png"},
            "missing required field: alt_text [json-pointer:/blocks/0]",
        ),
    ],
)
def test_a_block_that_breaks_a_limit_is_refused(block: Any, fault: str) -> None:
    with pytest.raises(SlackRefused) as refused:
        content_of(text="x", blocks=[block])

    assert str(refused.value) == f"invalid_blocks: {fault}"


@pytest.mark.parametrize(
    ("blocks", "error"),
    [
        (
            [{"type": "divider"}] * 51,
            "invalid_blocks: no more than 50 items allowed [json-pointer:/blocks]",
        ),
        (
            [{"type": "divider", "block_id": "a"}] * 2,
            "invalid_blocks: block_id already exists: a [json-pointer:/blocks/1/block_id]",
        ),
        ([section(text=words(3000))] * 5, "msg_blocks_too_long"),
        ("[", "invalid_blocks_format"),
        ("{}", "invalid_blocks_format"),
    ],
)
def test_blocks_are_refused_together(blocks: Any, error: str) -> None:
    with pytest.raises(SlackRefused) as refused:
        content_of(text="x", blocks=blocks)

    assert str(refused.value) == error
