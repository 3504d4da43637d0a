"""The web application: takes deliveries in, keeps states, and keeps the work going."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from starlette.applications import Starlette

from bot.metrics import exposition
from bot.parts import Parts, passwords_of
from bot.recovery.counts import times_recovered
from bot.web.health import health_routes
from bot.web.terraform_state import terraform_state_route
from bot.web.webhook import webhook_route

Work = Callable[[Parts], Coroutine[Any, Any, None]]
"""Works until it is cancelled."""


def web_app(parts: Parts, work: Work) -> Starlette:
    """Answer the web application; while it is served, `work` goes on beside it."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        worker = asyncio.create_task(work(parts), name="worker")
        try:
            yield
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    secret = parts.settings.github_webhook_secret.get_secret_value()
    return Starlette(
        routes=[
            webhook_route((secret,), parts.inbox.take_in, parts.clock.now),
            terraform_state_route(parts.database, passwords_of(parts.settings), parts.clock.now),
            *health_routes(
                parts.database,
                lambda: parts.role,
                times_recovered,
                lambda session: exposition(session, parts.clock.now()),
            ),
        ],
        lifespan=lifespan,
    )
