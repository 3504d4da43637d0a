"""One request to GitHub: bounded in time and size, and asked again only where that does no harm.

Only the door and what is behind it import this: githubkit takes half a second to load.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, urlsplit

import httpx
from githubkit.core import GitHubCore
from githubkit.exception import RequestError
from pydantic import JsonValue, TypeAdapter, ValidationError

from bot.github.auth import AppIdentity, AppKey, Identity, PersonalToken, TokenIdentity
from bot.github.connections import Shared, connections
from bot.github.failures import AppNeeded, GitHubFailed, Refusal, failure
from resources.errors import OrbitsError

API_VERSION = "2022-11-28"
"""The last version in which a pull request tells its `merge_commit_sha`."""

_LARGEST_REFUSAL = 64 * 1024
_T = TypeVar("_T")


@dataclass(frozen=True)
class Patience:
    """What one request may cost us, and the pauses before a read is asked again."""

    within: timedelta = timedelta(seconds=30)
    largest_answer: int = 32 * 1024 * 1024
    pauses: tuple[float, ...] = (0.5, 1.0, 2.0)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    params: Mapping[str, str | int] | None
    body: Mapping[str, JsonValue] | None
    installation: int | None = None


@dataclass(frozen=True)
class _Answer:
    body: bytes
    following: str | None


@dataclass(frozen=True)
class Page(Generic[_T]):
    """One page of a list; `following` are the parameters that ask for the next, if there is one."""

    found: _T
    following: Mapping[str, str] | None


class Wire:
    """Requests to GitHub as an App or a person, their answers read into narrow models."""

    def __init__(
        self,
        api_url: str,
        credentials: AppKey | PersonalToken,
        clock: Callable[[], datetime],
        transport: httpx.AsyncBaseTransport | None,
        patience: Patience,
    ) -> None:
        self._clock = clock
        self._patience = patience
        self._transport = Shared(transport or connections(api_url))
        self._core = GitHubCore(
            base_url=api_url,
            user_agent="orbits-bot",
            timeout=httpx.Timeout(15, connect=5),
            async_transport=self._transport,
            async_event_hooks={"response": [self._raise_refusals]},
            http_cache=False,
            auto_retry=False,
        )
        self._identity: Identity = (
            AppIdentity(credentials, self.ask, clock)
            if isinstance(credentials, AppKey)
            else TokenIdentity(credentials)
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.really_close()

    async def ask(  # noqa: PLR0913 (what a request is made of)
        self,
        model: type[_T],
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: Mapping[str, JsonValue] | None = None,
        installation: int | None = None,
    ) -> _T:
        """Send a request and read its answer; a read, or the minting of a token, up to four times.

        Raises `GitHubFailed`, `NotFound` or `RetryLater`.
        """
        answer = await self._answer(_Request(method, path, params, body, installation))
        return _read(model, method, path, answer.body)

    async def page(
        self,
        model: type[_T],
        path: str,
        params: Mapping[str, str | int],
        installation: int | None = None,
    ) -> Page[_T]:
        """Read one page of a list, perhaps in the name of an installation; raises as `ask` does."""
        request = _Request("GET", path, params, None, installation)
        answer = await self._answer(request)
        # Of the address that GitHub names only the parameters: a token goes nowhere else.
        query = urlsplit(answer.following).query if answer.following else ""
        following = dict(parse_qsl(query)) or None
        return Page(_read(model, "GET", path, answer.body), following)

    async def tell(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, JsonValue] | None = None,
        installation: int | None = None,
    ) -> None:
        """Send a request whose answer holds nothing; raises as `ask` does."""
        await self._answer(_Request(method, path, None, body, installation))

    async def token_to_read(self, repository: str) -> str:
        """Answer a token with which git fetches a repository (`owner/name`)."""
        return await self._identity.token_to_read(repository)

    def demand_app(self, method: str, path: str, what: str) -> None:
        """Raise `AppNeeded` unless the bot acts as an App."""
        if not self.acts_as_app:
            raise AppNeeded(method, path, what)

    @property
    def acts_as_app(self) -> bool:
        """Whether the bot is an App, and not a person."""
        return isinstance(self._identity, AppIdentity)

    async def _answer(self, request: _Request) -> _Answer:
        pauses = iter(self._patience.pauses)
        renewed = False
        while True:
            who = await self._identity.authorization(request.path, request.installation)
            try:
                return await self._send(request, who)
            except GitHubFailed as failed:
                if failed.status == 401 and not renewed:
                    renewed = self._identity.forget(who, request.path, request.installation)
                    if renewed:
                        continue
                if failed.status == 403:
                    # Once somebody grants what is missing, a new token has it.
                    self._identity.forget(who, request.path, request.installation)
                pause = next(pauses, None)
                if pause is None or not failed.passing or not _harmless(failed):
                    raise
            await self._patience.sleep(pause)

    async def _send(self, request: _Request, who: str) -> _Answer:
        method, path = request.method, request.path
        # Not by an authentication flow of githubkit's: its cap on concurrent requests would
        # hold a place for a request that waits for a token whose request needs a place.
        headers = {"Authorization": who, "X-GitHub-Api-Version": API_VERSION}
        try:
            async with asyncio.timeout(self._patience.within.total_seconds()):
                answer = await self._core.arequest(
                    method,
                    path,
                    params=request.params,
                    json=request.body,
                    headers=headers,
                    stream=True,
                )
                response = answer.raw_response
                body = await self._whole(request, response)
                return _Answer(body, response.links.get("next", {}).get("url"))
        except RequestError as error:
            if isinstance(error.exc, OrbitsError):
                raise error.exc from None
            raise _lost(method, path, error.exc) from None
        except (TimeoutError, httpx.HTTPError) as error:
            raise _lost(method, path, error) from None

    async def _whole(self, request: _Request, response: httpx.Response) -> bytes:
        most = self._patience.largest_answer
        body = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > most:
                    why = f"Its answer is larger than {most // 1024**2} MB and was not read."
                    raise GitHubFailed(request.method, request.path, response.status_code, why)
        finally:
            await response.aclose()
        return bytes(body)

    async def _raise_refusals(self, response: httpx.Response) -> None:
        """Raise what an error status means, before githubkit stumbles over its headers."""
        if not response.is_error:
            return
        text = b""
        if response.status_code in {403, 422}:
            async for chunk in response.aiter_bytes():
                text += chunk
                if len(text) > _LARGEST_REFUSAL:
                    break
        refusal = Refusal(response.status_code, response.headers, text.decode(errors="replace"))
        request = response.request
        raise failure(request.method, request.url.path, refusal, self._clock())


def _read(model: type[_T], method: str, path: str, answer: bytes) -> _T:
    try:
        return TypeAdapter(model).validate_json(answer)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in problem["loc"]) or "its JSON"
    why = f"The answer cannot be read: `{field}` is not as GitHub documents it ({problem['type']})."
    raise GitHubFailed(method, path, 200, why)


def _harmless(failed: GitHubFailed) -> bool:
    return failed.method == "GET" or failed.path.endswith("/access_tokens")


def _lost(method: str, path: str, cause: Exception) -> GitHubFailed:
    why = f"The connection failed ({type(cause).__name__})"
    if method != "GET":
        why += "; whether it was done can only be seen on GitHub"
    return GitHubFailed(method, path, None, f"{why}.")
