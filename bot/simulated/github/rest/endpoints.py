"""What an endpoint is: a method, a path, what it needs; and the call that reaches it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.simulated.github.accounts import Account
from bot.simulated.github.apps import App, Level
from bot.simulated.github.codebase import Role
from bot.simulated.github.refusals import GitHubRefused, not_found
from bot.simulated.github.repositories import Repository
from bot.simulated.github.tokens import AppCaller, Caller, InstallationCaller
from bot.simulated.github.world import World

Json = dict[str, Any]
DOCUMENTATION = "https://docs.github.com/rest"


@dataclass(frozen=True)
class Answer:
    """What an endpoint answers; a body of None is an empty one."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """One request on its way through an endpoint."""

    world: World
    caller: Caller
    url: str
    path: dict[str, Any]
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Json

    @property
    def actor(self) -> Account:
        """Who acts; refused with 401 if nobody is known."""
        if self.caller.account is None:
            raise GitHubRefused("Requires authentication", status=401)
        return self.caller.account

    @property
    def repository(self) -> Repository:
        """The repository that the path names; refused with 404 if the caller cannot see it."""
        repository = self.world.repository(self.path["owner"], self.path["repo"])
        if not self.caller.sees(repository):
            raise not_found()
        return repository

    @property
    def itself(self) -> App:
        """The App that speaks of itself with its JSON Web Token; refused with 401 otherwise."""
        if not isinstance(self.caller, AppCaller) or self.caller.app is None:
            raise GitHubRefused("A JSON web token could not be decoded", status=401)
        return self.caller.app

    @property
    def installed(self) -> InstallationCaller:
        """The App that acts for an installation; refused with 403 otherwise."""
        if not isinstance(self.caller, InstallationCaller):
            message = "You must authenticate with an installation access token."
            raise GitHubRefused(message, status=403)
        return self.caller

    def number(self, name: str) -> int:
        """Return a number of the path; refused with 404 if it is none."""
        if not str(self.path[name]).isdecimal():
            raise not_found()
        return int(self.path[name])

    def text(self, name: str, default: str = "") -> str:
        """Return a string of the body; refused with 422 if it is something else."""
        value = self.body.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise mistyped(name, value, "string")
        return value

    def maybe_text(self, name: str) -> str | None:
        """Return a string of the body, or None if it is not there."""
        return self.text(name) if self.body.get(name) is not None else None

    def texts(self, name: str) -> list[str]:
        """Return a list of strings of the body; labels may also be objects with a name."""
        value = self.body.get(name) or []
        if not isinstance(value, list):
            raise mistyped(name, value, "array")
        words: list[str] = []
        for each in value:
            word = each.get("name") if isinstance(each, dict) else each
            if not isinstance(word, str):
                raise mistyped(name, word, "string")
            words.append(word)
        return words


Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True)
class Endpoint:
    """One operation: any of the permissions `needs` opens it to Apps, `role` to people."""

    method: str
    path: str
    handler: Handler
    needs: tuple[str, ...]
    role: Role

    @property
    def level(self) -> Level:
        """The level of permission that it takes."""
        return "read" if self.method == "GET" else "write"

    async def answer(self, call: Call) -> Answer:
        """Let the caller in, or refuse as GitHub does; then do the work."""
        if self.needs:
            repository = call.repository if "repo" in call.path else None
            self._admit(call, repository)
        return await self.handler(call)

    def _admit(self, call: Call, repository: Repository | None) -> None:
        caller = call.caller
        if any(caller.may(need, self.level, self.role, repository) for need in self.needs):
            return
        if caller.account is None:
            raise GitHubRefused("Requires authentication", status=401)
        message = f"Must have {self.role} rights to Repository."
        if isinstance(caller, AppCaller | InstallationCaller):
            message = "Resource not accessible by integration"
        wanted = "; ".join(f"{need}={self.level}" for need in self.needs)
        headers = {"x-accepted-github-permissions": wanted}
        raise GitHubRefused(message, status=403, headers=headers)


class Family:
    """The endpoints of one subject, collected by decorators."""

    def __init__(self) -> None:
        self.endpoints: list[Endpoint] = []

    def on(
        self, method: str, path: str, *needs: str, role: Role | None = None
    ) -> Callable[[Handler], Handler]:
        """Make a function the handler of a method and a path.

        Without `needs` the handler itself decides who may call.
        """
        least: Role = role or ("read" if method == "GET" else "write")

        def register(handler: Handler) -> Handler:
            self.endpoints.append(Endpoint(method, path, handler, needs, least))
            return handler

        return register


def mistyped(name: str, value: object, kind: str) -> GitHubRefused:
    """Return GitHub's refusal of a value of the wrong type."""
    message = f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not of type {kind}."
    return GitHubRefused(message)
