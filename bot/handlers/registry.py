"""Which function answers which event."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.engine.engine import Engine
from bot.github.door import GitHub
from bot.github.events import Event
from bot.rollouts.records import Rollouts
from resources.fleet import Fleet

E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Bot:
    """What a handler works with."""

    github: GitHub
    fleet: Fleet
    rollouts: Rollouts
    engine: Engine
    at_once: int = 10
    """How many tenants of one rollout are deployed to at a time."""


Handler = Callable[[Any, Bot], Awaitable[None]]


class Handlers:
    """The handlers of a release, by the model of the event that they answer."""

    def __init__(self) -> None:
        self._handlers: dict[type[Event], list[Handler]] = {}

    def on(
        self, event: type[E]
    ) -> Callable[[Callable[[E, Bot], Awaitable[None]]], Callable[[E, Bot], Awaitable[None]]]:
        """Register the decorated function for `event`."""

        def register(
            handler: Callable[[E, Bot], Awaitable[None]],
        ) -> Callable[[E, Bot], Awaitable[None]]:
            self._handlers.setdefault(event, []).append(handler)
            return handler

        return register

    async def handle(self, event: Event, bot: Bot) -> bool:
        """Call every handler of the event, in their order; answer whether there is any."""
        handlers = self._handlers.get(type(event), ())
        for handler in handlers:
            await handler(event, bot)
        return bool(handlers)
