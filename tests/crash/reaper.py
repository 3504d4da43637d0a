"""Stands before GitHub, and kills whoever has written something there."""

import os
import signal
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

REPOSITORIES = "/api/v3/repos/"
READING = {"GET", "HEAD"}


@dataclass
class Reaper:
    """The web face of a GitHub that kills its `victim` after each write, once for each.

    GitHub has done the write by then. Its answer went out before, or is lost with the victim:
    `hears` says which. The same write again is let pass: who dies of every try gets nowhere.
    """

    github: ASGIApp
    kills: bool = True
    hears: bool = False
    victim: int | None = None
    writes: set[Any] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _writes(scope):
            await self.github(scope, receive, send)
            return
        asked: list[Message] = []
        answered: list[Message] = []

        async def ask() -> Message:
            asked.append(await receive())
            return asked[-1]

        async def answer(part: Message) -> None:
            answered.append(part)

        await self.github(scope, ask, answer)
        body = b"".join(part.get("body", b"") for part in asked)
        write = (scope["method"], scope["path"], body)
        new = write not in self.writes
        self.writes.add(write)
        if new and not self.hears:
            self._kill()
        for part in answered:
            await send(part)
        if new and self.hears:
            self._kill()

    def _kill(self) -> None:
        if self.victim is not None and self.kills:
            victim, self.victim = self.victim, None
            os.kill(victim, signal.SIGKILL)


def _writes(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] not in READING
        and scope["path"].startswith(REPOSITORIES)
    )
