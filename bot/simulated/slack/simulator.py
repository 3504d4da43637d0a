"""The simulated Slack as a program writes it: a world with a web face."""

from functools import cached_property

from starlette.types import ASGIApp, Receive, Scope, Send

from bot.simulated.slack.incoming_webhooks import IncomingWebhooks
from bot.simulated.slack.pages.site import site
from bot.simulated.slack.web_api.door import Door
from bot.simulated.slack.world import World


class SimulatedSlack(World):
    """A world that answers HTTP as `asgi`."""

    @cached_property
    def asgi(self) -> ASGIApp:
        """The web application: the Web API, incoming webhooks, and pages elsewhere."""
        return _Entrance(Door(self), IncomingWebhooks(self), site(self))


class _Entrance:
    """Leads each request to its part, with the server's own `send`: a call may be hung up on."""

    def __init__(self, web_api: ASGIApp, webhooks: ASGIApp, pages: ASGIApp) -> None:
        self._web_api, self._webhooks, self._pages = web_api, webhooks, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if path.startswith("/api/"):
            await self._web_api(scope, receive, send)
        elif path.startswith("/services/"):
            await self._webhooks(scope, receive, send)
        else:
            await self._pages(scope, receive, send)
