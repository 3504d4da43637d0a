"""Which function answers which event."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.drift.records import Drifts
from bot.engine.clock import Clock
from bot.engine.control.control import Control
from bot.engine.engine import Engine
from bot.github.door import GitHub
from bot.github.events import Event
from bot.orders.asked import Desk
from bot.rollouts.plans.records import Plans
from bot.rollouts.records import Rollouts
from resources.fleet import Fleet

E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Bot:
    """What a handler works with."""

    github: GitHub
    fleet: Fleet
    rollouts: Rollouts
    plans: Plans
    drifts: Drifts
    engine: Engine
    control: Control
    clock: Clock

    @property
    def desk(self) -> Desk:
        """What commands are carried out with."""
        return Desk(self.github, self.fleet, self.rollouts, self.plans, self.control, self.drifts)


Handler = Callable[[Any, Bot], Awaitable[None]]


class Handlers:
    """The handlers of a file, or of several together, by the model of the event they answer."""

    def __init__(self, *others: "Handlers") -> None:
        self._handlers: dict[type[Event], list[Handler]] = {}
        for other in others:
            for event, handlers in other._handlers.items():  # noqa: SLF001 (one of us)
                self._handlers.setdefault(event, []).extend(handlers)

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
