"""Telling people, once; in this release, by a line in a file."""

import asyncio
import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from resources.model.action import Action


class Notification(Action):
    """Append one JSON line to a file, once for each key, however often it is asked for.

    await self.do("notify", Notification(
        file=home / "notifications.jsonl", key="rollout-7f3c", text="6 tenants updated"
    ))
    """

    file: Path
    key: str
    text: str
    facts: Mapping[str, JsonValue] = {}

    async def run(self) -> bool:
        """Append the line, and answer whether it was not there before."""
        return await asyncio.to_thread(self._append)

    def _append(self) -> bool:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({**self.facts, "key": self.key, "text": self.text})
        with self.file.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            lines = file.read().split(b"\n")
            if self.key in map(_key, lines):
                return False
            torn = b"\n" if lines[-1] else b""  # a process was killed in the middle of a line
            file.write(torn + line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return True


def _key(line: bytes) -> str | None:
    try:
        return str(json.loads(line)["key"])
    except (ValueError, KeyError, TypeError):
        return None
