"""Who the bot is to GitHub: an App acting through its installations, or one person's token."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from pydantic import AwareDatetime, BaseModel, JsonValue, SecretStr

from bot.github.failures import NotFound
from bot.github.private_key import private_key
from bot.github.shapes import Narrow
from resources.errors import OrbitsError

RENEWED_BEFORE_EXPIRY = timedelta(minutes=5)

_CLOCK_SKEW = timedelta(seconds=60)
_JWT_LASTS = timedelta(minutes=9)
_Model = TypeVar("_Model", bound=BaseModel)
_BY_REPOSITORY = re.compile(r"/repos/([^/]+/[^/]+)(/.*)?")


@dataclass(frozen=True)
class AppKey:
    """A GitHub App: its id (or client id) and its private key, as PEM."""

    app_id: str
    private_key: str = field(repr=False)


@dataclass(frozen=True)
class PersonalToken:
    """One person's token: enough to try the bot out, but GitHub lets only an App write checks."""

    token: str = field(repr=False)


class InstallationToken(Narrow):
    """A token for the repositories of one installation, good for about an hour."""

    token: SecretStr
    expires_at: AwareDatetime

    @property
    def header(self) -> str:
        """What a request that it is for carries."""
        return f"Bearer {self.token.get_secret_value()}"


class InstallationFound(Narrow):
    """The installation that reaches a repository."""

    id: int


class Identity(Protocol):
    """What proves to GitHub who asks."""

    async def authorization(self, path: str, installation: int | None = None) -> str:
        """Answer the `Authorization` header for a request to this path.

        A path that names no repository may be asked in the name of an `installation`.
        """

    def forget(self, refused: str, path: str, installation: int | None = None) -> bool:
        """Drop the header that GitHub refused; say whether asking again can help."""

    async def token_to_read(self, repository: str) -> str:
        """Answer a token with which git fetches a repository (`owner/name`)."""


class Ask(Protocol):
    """How an identity asks GitHub for its own tokens."""

    def __call__(
        self,
        model: type[_Model],
        method: str,
        path: str,
        *,
        body: Mapping[str, JsonValue] | None = None,
    ) -> Awaitable[_Model]:
        """Send one request and read its answer into the model."""


class TokenIdentity:
    """A person, by a token that never changes."""

    def __init__(self, credentials: PersonalToken) -> None:
        self._header = f"Bearer {credentials.token}"

    async def authorization(self, path: str, installation: int | None = None) -> str:
        """Answer the same header for every path."""
        del path, installation
        return self._header

    def forget(self, refused: str, path: str, installation: int | None = None) -> bool:
        """Drop nothing: there is no other token."""
        del refused, path, installation
        return False

    async def token_to_read(self, repository: str) -> str:
        """Answer the person's token: it cannot be narrowed."""
        del repository
        return self._header.removeprefix("Bearer ")


class AppIdentity:
    """An App: by its key for what concerns the App, by an installation's token for a repository.

    However many requests need a token at once, one is minted for each installation; it is
    renewed five minutes before it expires. Installations do not wait for each other.
    """

    def __init__(self, credentials: AppKey, ask: Ask, clock: Callable[[], datetime]) -> None:
        self._issuer = credentials.app_id
        self._key = _private_key(credentials.private_key)
        self._ask = ask
        self._clock = clock
        self._installations: dict[str, int] = {}
        self._tokens: dict[int, InstallationToken] = {}
        self._gone: set[int] = set()
        self._locks: defaultdict[str | int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def authorization(self, path: str, installation: int | None = None) -> str:
        """Answer the header: an installation's, that of the path's repository, or the App's own."""
        if installation is not None:
            self._gone.discard(installation)
            return (await self._token(installation)).header
        repository = _repository_of(path)
        if repository is None:
            return f"Bearer {self._app_token()}"
        return (await self._token_for(repository)).header

    def forget(self, refused: str, path: str, installation: int | None = None) -> bool:
        """Drop an installation's token, unless another request has had it renewed meanwhile."""
        self._tokens = {
            each: known for each, known in self._tokens.items() if known.header != refused
        }
        return installation is not None or _repository_of(path) is not None

    async def token_to_read(self, repository: str) -> str:
        """Mint a token that reads the contents of this repository and can do nothing else.

        It is kept nowhere: whoever fetches asks for a new one, which is good for an hour. Raises
        `NotFound` where the App is not installed on the repository.
        https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
        """
        owner_and_name = repository.lower()
        narrow: dict[str, JsonValue] = {
            "repositories": [owner_and_name.partition("/")[2]],
            "permissions": {"contents": "read"},
        }
        try:
            token = await self._minted(await self._installation(owner_and_name), narrow)
        except NotFound:
            # Installed again, perhaps: then it has another installation.
            self._installations.pop(owner_and_name, None)
            token = await self._minted(await self._installation(owner_and_name), narrow)
        return token.token.get_secret_value()

    def _app_token(self) -> str:
        """Sign a JWT that proves to be the App for nine minutes (GitHub allows ten)."""
        now = self._clock()
        claims = {"iss": self._issuer, "iat": now - _CLOCK_SKEW, "exp": now + _JWT_LASTS}
        return jwt.encode(claims, self._key, algorithm="RS256")

    async def _token_for(self, repository: str) -> InstallationToken:
        """Answer a token for a repository, good for at least five minutes."""
        installation = await self._installation(repository)
        try:
            return await self._token(installation)
        except NotFound:
            # The App was removed and installed again: it has another installation now, which
            # somebody else may have found already.
            if self._installations.get(repository) == installation:
                del self._installations[repository]
            return await self._token(await self._installation(repository))

    async def _installation(self, repository: str) -> int:
        async with self._locks[repository]:
            if repository not in self._installations:
                path = f"/repos/{repository}/installation"
                found = await self._ask(InstallationFound, "GET", path)
                self._installations[repository] = found.id
                self._gone.discard(found.id)
            return self._installations[repository]

    async def _token(self, installation: int) -> InstallationToken:
        async with self._locks[installation]:
            known = self._tokens.get(installation)
            if known is None or known.expires_at - RENEWED_BEFORE_EXPIRY <= self._clock():
                known = self._tokens[installation] = await self._minted(installation)
            return known

    async def _minted(
        self, installation: int, narrow: Mapping[str, JsonValue] | None = None
    ) -> InstallationToken:
        path = f"/app/installations/{installation}/access_tokens"
        if installation in self._gone:
            raise NotFound("POST", path, 404, "The installation is gone.")
        try:
            return await self._ask(InstallationToken, "POST", path, body=narrow)
        except NotFound:
            # Those who wait for the same token need not ask as well.
            self._gone.add(installation)
            raise


def _repository_of(path: str) -> str | None:
    """Answer the repository whose installation a path needs; `None` where the App itself asks."""
    match = _BY_REPOSITORY.fullmatch(path)
    if match is None or match[2] == "/installation":
        return None
    return match[1].lower()


def _private_key(pem: str) -> RSAPrivateKey:
    try:
        return private_key(pem)
    except ValueError as error:
        raise OrbitsError(
            "The App's private key is not an RSA key in PEM. "
            "Download a key from the App's page on GitHub and set it again."
        ) from error
