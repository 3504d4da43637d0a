"""The connections to GitHub, shared by all requests."""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx


class Shared(httpx.AsyncBaseTransport):
    """Connections that outlive the client that githubkit makes, and closes, for each request."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request on one of the connections."""
        return await self._transport.handle_async_request(request)

    async def really_close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


def connections(api_url: str) -> httpx.AsyncBaseTransport:
    """Open connections through the proxy that the environment names, if it names one."""
    url = urlsplit(api_url)
    proxy = None if proxy_bypass(url.hostname or "") else getproxies().get(url.scheme)
    limits = httpx.Limits(max_connections=50, max_keepalive_connections=20)
    return httpx.AsyncHTTPTransport(proxy=proxy, limits=limits)
