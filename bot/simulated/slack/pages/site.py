"""Where each page is found: the channels at `/`, a channel at its address, a message within it."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.simulated.slack.channels import Channel
from bot.simulated.slack.pages.pictures import drawing
from bot.simulated.slack.pages.rendering import HERE, Renderer
from bot.simulated.slack.refusals import SlackRefused
from bot.simulated.slack.world import World


def site(world: World) -> Starlette:
    """Return the pages of a world."""
    pages = _Pages(world)
    routes = [
        Route("/", pages.index),
        Route("/style.css", pages.style),
        Route("/emoji/{name}.svg", pages.emoji),
        Route("/archives/{channel}", pages.channel),
        Route("/archives/{channel}/p{stamp:int}", pages.message),
    ]
    return Starlette(routes=routes, exception_handlers={SlackRefused: pages.refused})


class _Pages:
    """Looks things up in a world and shows them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._renderer = Renderer(world)

    async def style(self, request: Request) -> Response:
        """Show the one style sheet."""
        del request
        return Response((HERE / "style.css").read_bytes(), media_type="text/css")

    async def emoji(self, request: Request) -> Response:
        """Show the picture of an emoji."""
        picture = drawing(request.path_params["name"])
        if picture is None:
            raise SlackRefused("emoji_not_found")
        return Response(picture, media_type="image/svg+xml")

    async def index(self, request: Request) -> Response:
        """List the channels."""
        del request
        return self._renderer.page("index.html", channel=None)

    async def channel(self, request: Request) -> Response:
        """Show a channel; with `live` in the address it is looked at again every two seconds."""
        channel = self._channel(request)
        live = 2 if "live" in request.query_params else 0
        return self._renderer.page("channel.html", channel=channel, linked="", live=live)

    async def message(self, request: Request) -> Response:
        """Show a channel with the message that a permalink names."""
        channel = self._channel(request)
        stamp = str(request.path_params["stamp"])
        message = channel.message(f"{stamp[:-6]}.{stamp[-6:]}")
        return self._renderer.page("channel.html", channel=channel, linked=message.ts)

    async def refused(self, request: Request, error: Exception) -> Response:
        """Show why there is nothing to see."""
        del request
        return self._renderer.page("refused.html", 404, channel=None, error=str(error))

    def _channel(self, request: Request) -> Channel:
        wanted = request.path_params["channel"]
        for channel in self._world.channels:
            if wanted in (channel.id, channel.name):
                return channel
        raise SlackRefused("channel_not_found")
