"""What a method of the Web API is, and the call that reaches it with its arguments."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.simulated.slack.apps import App
from bot.simulated.slack.channels import Channel
from bot.simulated.slack.messages import Json
from bot.simulated.slack.refusals import SlackRefused
from bot.simulated.slack.world import World

_YES = (True, 1, "1", "true", "True")


@dataclass
class Call:
    """One call: who makes it, with which arguments, from a form or from JSON."""

    world: World
    app: App
    arguments: Json

    def text(self, name: str) -> str:
        """Return an argument as text, empty where it is not there; numbers are taken as text."""
        value = self.arguments.get(name)
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value)

    def needed(self, name: str) -> str:
        """Return an argument that must be there, or refuse as Slack does."""
        value = self.text(name)
        if not value:
            messages = [f"[ERROR] missing required field: {name}"]
            raise SlackRefused("invalid_arguments", response_metadata={"messages": messages})
        return value

    def flag(self, name: str) -> bool:
        """Return a yes or no, which forms write as 1 or true."""
        return self.arguments.get(name) in _YES

    def maybe_flag(self, name: str) -> bool | None:
        """Return a yes or no, or None where nothing was said."""
        return self.flag(name) if name in self.arguments else None

    def given(self, name: str) -> Any:
        """Return an argument as it came, None where it did not."""
        return self.arguments.get(name)

    def channel(self, *, by_name: bool = False) -> Channel:
        """Return the channel that the call is about, if the app may know of it."""
        return self.world.channel_seen_by(self.app, self.needed("channel"), by_name=by_name)


Handler = Callable[[Call], Json]


@dataclass(frozen=True)
class Method:
    """One method: the scope that it takes, its tier of rate limits, and whether it reads JSON.

    Only some do: api.slack.com/changelog/2017-10-keeping-up-with-the-jsons.
    """

    name: str
    handler: Handler
    scope: str
    tier: int | None
    json: bool


class Family:
    """The methods of one subject, collected by decorators."""

    def __init__(self) -> None:
        self.methods: dict[str, Method] = {}

    def on(
        self, name: str, *, scope: str = "", tier: int | None = None, json: bool = False
    ) -> Callable[[Handler], Handler]:
        """Make a function the handler of a method."""

        def register(handler: Handler) -> Handler:
            self.methods[name] = Method(name, handler, scope, tier, json)
            return handler

        return register
