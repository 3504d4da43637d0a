"""How a connection breaks before the answer: the caller cannot know what became of the call."""

import asyncio

from starlette.types import Receive, Send


async def hang_up(receive: Receive, send: Send) -> None:
    """Close the connection without a word.

    ASGI has no means for it, so this takes uvicorn's own: `send` is a method of the request's
    cycle, which knows its transport. Where nobody serves over a network, such as under httpx's
    ASGITransport, the caller gets the error of a broken connection.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if not isinstance(transport, asyncio.Transport):
        raise ConnectionResetError("The connection broke before the answer.")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
