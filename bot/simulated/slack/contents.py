"""Reads what a message is to say, and refuses what Slack refuses."""

import json
import re
from collections.abc import Iterator
from typing import Any

from bot.simulated.slack.blocks import faults_of
from bot.simulated.slack.messages import Content, Json
from bot.simulated.slack.refusals import SlackRefused, explained

MOST_OF_TEXT = 40_000
"""Longer texts are cut, with a warning: api.slack.com/methods/chat.postMessage#truncating."""

MOST_OF_CHANGED_TEXT = 4_000
"""A longer text is refused: docs.slack.dev/reference/methods/chat.update, `msg_too_long`."""

MOST_IN_ALL_BLOCKS = 13_000
"""The least at which `msg_blocks_too_long` was met: github.com/slackapi/bolt-js/issues/2509.

Slack documents the error and not the figure.
"""

_EVENT_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")


def content_of(
    *, text: str = "", blocks: object = None, metadata: object = None, changed: bool = False
) -> Content:
    """Return a message's content; refused with Slack's name for what is wrong with it."""
    if changed and len(text) > MOST_OF_CHANGED_TEXT:
        raise SlackRefused("msg_too_long")
    kept = _blocks(blocks)
    if not text and not kept:
        raise SlackRefused("no_text")
    truncated = len(text) > MOST_OF_TEXT
    return Content(text[:MOST_OF_TEXT], kept, _metadata(metadata), truncated)


def _blocks(blocks: object) -> tuple[Json, ...]:
    if blocks is None or blocks == "":
        return ()
    blocks = _decoded(blocks, "invalid_blocks_format")
    if not isinstance(blocks, list):
        raise SlackRefused("invalid_blocks_format")
    if faults := faults_of(blocks):
        raise explained("invalid_blocks", faults)
    if sum(len(text) for text in _texts(blocks)) > MOST_IN_ALL_BLOCKS:
        raise SlackRefused("msg_blocks_too_long")
    return tuple({"block_id": f"b{number}", **block} for number, block in enumerate(blocks, 1))


def _texts(thing: Any) -> Iterator[str]:
    if isinstance(thing, list):
        for each in thing:
            yield from _texts(each)
    elif isinstance(thing, dict):
        if isinstance(thing.get("text"), str):
            yield thing["text"]
        for each in thing.values():
            yield from _texts(each)


def _metadata(metadata: object) -> Json | None:
    """Read metadata: an `event_type` and an `event_payload` (api.slack.com/metadata/using)."""
    if metadata is None or metadata == "":
        return None
    metadata = _decoded(metadata, "invalid_metadata_format")
    if not isinstance(metadata, dict):
        raise SlackRefused("invalid_metadata_format")
    if not metadata:
        return None
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(kind, str) or not _EVENT_TYPE.fullmatch(kind):
        raise SlackRefused("invalid_metadata_schema")
    if not isinstance(payload, dict):
        raise SlackRefused("invalid_metadata_schema")
    return {"event_type": kind, "event_payload": payload}


def _decoded(value: object, error: str) -> object:
    if not isinstance(value, str):
        return value
    try:
        decoded: object = json.loads(value)
    except ValueError as broken:
        raise SlackRefused(error) from broken
    return decoded
