"""The simulated GitHub as a program writes it: a world with a web face, and deliveries that run."""

from functools import cached_property
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.routing import Mount

from bot.simulated.github.git_http import GitOverHttp, told_to_git
from bot.simulated.github.pages.site import site
from bot.simulated.github.refusals import GitHubRefused
from bot.simulated.github.rest.api import rest_api
from bot.simulated.github.world import World


class SimulatedGitHub(World):
    """A world that delivers its webhooks inside `async with`, and answers HTTP as `asgi`."""

    @cached_property
    def asgi(self) -> Starlette:
        """The web application: the REST API at `/api/v3`, git and pages elsewhere."""
        api, git, pages = rest_api(self), GitOverHttp(self), site(self)
        routes = [Mount("/api/v3", app=api), *git.routes, Mount("/", app=pages)]
        return Starlette(routes=routes, exception_handlers={GitHubRefused: told_to_git})

    async def __aenter__(self) -> Self:
        await self.queue.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.queue.stop()
