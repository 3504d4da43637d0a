"""Tokens and JSON Web Tokens: who a caller of the API is."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from jwt.types import Options

from bot.simulated.github.accounts import Account
from bot.simulated.github.apps import App, Installation, Level, grants
from bot.simulated.github.codebase import Codebase, Role
from bot.simulated.github.platform import Platform
from bot.simulated.github.refusals import GitHubRefused

TOKEN_LIFE = timedelta(hours=1)
LONGEST_JWT = timedelta(minutes=10)
TOKEN_LENGTH = 520
_TIMES_ARE_READ_HERE: Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}


@dataclass(frozen=True)
class Caller:
    """Somebody who asks; nobody in particular, unless a subclass says more."""

    name: str = "anonymous"
    account: Account | None = None

    @property
    def budget(self) -> str:
        """Whose rate limits the caller's requests count towards."""
        return self.name

    def sees(self, repository: Codebase) -> bool:
        """Say whether a repository exists for this caller."""
        return not repository.private

    def may(self, permission: str, level: Level, role: Role, repository: Codebase | None) -> bool:
        """Say whether the caller may do what needs a permission (an App) or a role (a person)."""
        del permission, role, repository
        return level == "read"


@dataclass(frozen=True)
class AppCaller(Caller):
    """An App that showed its JSON Web Token: it may speak of itself only."""

    app: App | None = None


@dataclass(frozen=True)
class PersonCaller(Caller):
    """A person with a token of their own."""

    def sees(self, repository: Codebase) -> bool:
        """Say whether the person has any role there."""
        return self.account is not None and repository.role_of(self.account) is not None

    def may(self, permission: str, level: Level, role: Role, repository: Codebase | None) -> bool:
        """Say whether the person's role reaches; a personal token has every permission."""
        del permission, level
        return repository is None or (
            self.account is not None and repository.allows(self.account, role)
        )


@dataclass(frozen=True)
class InstallationCaller(Caller):
    """An App that acts on the repositories of one installation, until the token expires."""

    installation: Installation | None = None
    permissions: tuple[tuple[str, Level], ...] = ()
    repository_ids: frozenset[int] | None = None
    expires_at: datetime | None = None

    @property
    def budget(self) -> str:
        """The installation: each has limits of its own."""
        return f"{self.name} {self.installation.id if self.installation else ''}"

    @property
    def app(self) -> App | None:
        """The App that acts."""
        return self.installation.app if self.installation else None

    def sees(self, repository: Codebase) -> bool:
        """Say whether the token reaches a repository."""
        if self.installation is None or not self.installation.covers(repository):
            return not repository.private
        return self.repository_ids is None or repository.id in self.repository_ids

    def may(self, permission: str, level: Level, role: Role, repository: Codebase | None) -> bool:
        """Say whether the token carries a permission; it carries none outside its repositories."""
        del role
        outside = repository is not None and (
            self.installation is None or not self.installation.covers(repository)
        )
        return not outside and grants(dict(self.permissions), permission, level)


class Tokens:
    """Issues tokens and reads them again."""

    def __init__(self, platform: Platform, apps: dict[str, App]) -> None:
        self._platform = platform
        self._apps = apps
        self._issued: dict[str, Caller] = {}

    def personal(self, account: Account) -> str:
        """Issue a person's own token."""
        token = f"ghp_{self._platform.next_id():036d}"
        self._issued[token] = PersonCaller(account.login, account)
        return token

    def installation(
        self,
        installation: Installation,
        permissions: dict[str, Level],
        repository_ids: frozenset[int] | None,
    ) -> tuple[str, datetime]:
        """Issue a token of an installation and say until when it holds."""
        token = f"ghs_{self._platform.next_id()}_".ljust(TOKEN_LENGTH, "x")
        expires_at = self._platform.now().replace(microsecond=0) + TOKEN_LIFE
        bot = installation.app.bot
        self._issued[token] = InstallationCaller(
            name=bot.login,
            account=bot,
            installation=installation,
            permissions=tuple(permissions.items()),
            repository_ids=repository_ids,
            expires_at=expires_at,
        )
        return token, expires_at

    def revoke(self, caller: Caller, token: str) -> None:
        """End a token, if it is the caller's own."""
        if self._issued.get(token) is caller:
            del self._issued[token]

    def caller(self, authorization: str) -> Caller:
        """Return who an Authorization header speaks for.

        Raises GitHubRefused with 401 for what is unknown, expired or malformed.
        """
        if not authorization:
            return Caller()
        scheme, _, word = authorization.partition(" ")
        if scheme.lower() == "basic":
            word = _password(word)
        elif scheme.lower() not in ("bearer", "token"):
            raise bad_credentials()
        if word.count(".") == 2:
            return self._app_caller(word)
        caller = self._issued.get(word)
        if caller is None:
            raise bad_credentials()
        self._check_alive(caller)
        return caller

    def _check_alive(self, caller: Caller) -> None:
        if not isinstance(caller, InstallationCaller):
            return
        expired = caller.expires_at is None or caller.expires_at <= self._platform.now()
        installation = caller.installation
        gone = installation is None or installation not in installation.app.installations
        if expired or gone:
            raise bad_credentials()

    def _app_caller(self, token: str) -> AppCaller:
        try:
            issuer = str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))
            app = self._app_of(issuer)
            claims = jwt.decode(
                token, app.public_key, algorithms=["RS256"], options=_TIMES_ARE_READ_HERE
            )
        except jwt.InvalidTokenError as error:
            raise _undecodable() from error
        self._check_times(claims.get("iat"), claims.get("exp"))
        return AppCaller(name=app.slug, account=app.bot, app=app)

    def _app_of(self, issuer: str) -> App:
        for app in self._apps.values():
            if issuer in (str(app.id), app.client_id):
                return app
        message = "'Issuer' claim ('iss') must be an Integer or the client ID of an App"
        raise GitHubRefused(message, status=401)

    def _check_times(self, issued_at: object, expires_at: object) -> None:
        now = self._platform.now().timestamp()
        if not isinstance(expires_at, int | float) or expires_at <= now:
            message = "'Expiration time' claim ('exp') must be a numeric value in the future"
            raise GitHubRefused(message, status=401)
        if expires_at > now + LONGEST_JWT.total_seconds():
            message = "'Expiration time' claim ('exp') is too far in the future"
            raise GitHubRefused(message, status=401)
        if not isinstance(issued_at, int | float) or issued_at > now:
            message = "'Issued at' claim ('iat') must be an Integer in the past"
            raise GitHubRefused(message, status=401)


def bad_credentials() -> GitHubRefused:
    """Return GitHub's answer to a token that it does not know."""
    return GitHubRefused("Bad credentials", status=401)


def _undecodable() -> GitHubRefused:
    return GitHubRefused("A JSON web token could not be decoded", status=401)


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError) as error:
        raise bad_credentials() from error
