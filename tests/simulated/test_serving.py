import contextlib
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.simulated.serving import serving


async def hello(request: Request) -> PlainTextResponse:
    del request
    return PlainTextResponse("hello")


async def test_an_application_is_served_while_it_is_wanted() -> None:
    events = []

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        del app
        events.append("up")
        yield
        events.append("down")

    app = Starlette(routes=[Route("/", hello)], lifespan=lifespan)
    async with httpx.AsyncClient() as client:
        async with serving(app) as address:
            assert (await client.get(address)).text == "hello"
            assert events == ["up"]
        assert events == ["up", "down"]
        with pytest.raises(httpx.ConnectError):
            await client.get(address)


async def test_a_taken_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        async with serving(Starlette(), port=taken.getsockname()[1]):
            pytest.fail("the port was taken")


async def test_an_application_that_does_not_start_is_told() -> None:
    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if app.routes == []:
            raise ValueError("no way")
        yield

    with pytest.raises(RuntimeError, match="did not start"):
        async with serving(Starlette(lifespan=lifespan)):
            pytest.fail("it cannot start")
