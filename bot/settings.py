"""What the operator sets, read once from the environment and checked as a whole."""

import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from bot.channels.settings import ChannelSettings
from bot.engine.pace import Limits, Pace
from bot.github.settings import GitHubSettings
from resources.errors import OrbitsError
from resources.fleet import Fleet

NO_DATABASE = (
    "is no address of a database that this release works on; set it to a SQLite file, such as "
    "sqlite:///orbits.db, or to a PostgreSQL database, such as postgresql://user@host/orbits"
)

OURS = frozenset({"ORBITS_SCRIPT"})
"""What the bot itself sets for the scripts that it runs."""

_WORDS = {
    "int_parsing": "is not a whole number",
    "int_type": "is not a whole number",
    "greater_than": "is not greater than {gt}",
    "greater_than_equal": "is less than {ge}",
    "less_than_equal": "is more than {le}",
    "url_parsing": "is no address of GitHub's API, such as https://api.github.com",
    "url_scheme": "is no address of GitHub's API, such as https://api.github.com",
}


class SettingsRefused(OrbitsError):
    """The settings cannot be used; the message names every problem, one to a line."""


class Dispatch(StrEnum):
    """How processes come to hear of work: one looks for it itself, or many share a queue."""

    EMBEDDED = "embedded"
    DISTRIBUTED = "distributed"


def _lanes(text: object) -> object:
    """Read `account=5,tenant=1`; what is already a mapping is left as it is."""
    if not isinstance(text, str):
        return text
    pairs = [pair.partition("=") for pair in text.split(",")]
    limits = {kind.strip(): most.strip() for kind, _, most in pairs}
    if not all(kind and most.isdigit() and int(most) > 0 for kind, most in limits.items()):
        raise ValueError("is no list of kinds and numbers, such as account=5,tenant=1")
    return {kind: int(most) for kind, most in limits.items()}


LaneLimits = Annotated[dict[str, int], NoDecode, BeforeValidator(_lanes)]


def _fleet_address(address: str) -> str:
    """Look whether an address names a fleet; raises `ValueError`."""
    load_fleet(address)
    return address


Stacks = Annotated[str, AfterValidator(_fleet_address)]


def _web_address(address: str) -> str:
    """Take an address that others can come to, or none; raises `ValueError`."""
    if not address:
        return address
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or "@" in address:
        raise ValueError("is no address of the bot, such as https://orbits.example.com")
    return address.rstrip("/")


PublicAddress = Annotated[str, AfterValidator(_web_address)]


class StoreSettings(BaseSettings):
    """Which database the bot remembers in; all that most commands need."""

    model_config = SettingsConfigDict(
        env_prefix="ORBITS_", env_ignore_empty=True, hide_input_in_errors=True, extra="ignore"
    )

    database_url: str = "sqlite:///orbits.db"
    dispatch: Dispatch = Dispatch.EMBEDDED
    runs_at_once_overall: Annotated[int | None, Field(ge=1)] = None
    runs_at_once_per_lane: LaneLimits = {}

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file of this machine."""
        return make_url(self.database_url).get_backend_name() == "sqlite"

    @property
    def is_distributed(self) -> bool:
        """Whether many processes share the work through the queue."""
        return self.dispatch is Dispatch.DISTRIBUTED

    @property
    def limits(self) -> Limits:
        """How many runs of the queue go on at once."""
        return Limits(self.runs_at_once_overall, self.runs_at_once_per_lane)

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, url: str) -> str:
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise ValueError(NO_DATABASE) from None
        backend, name = parsed.get_backend_name(), parsed.database or ":memory:"
        if backend in {"postgresql", "postgres"} and parsed.database:
            return url
        if backend != "sqlite" or name == ":memory:":
            raise ValueError(NO_DATABASE)
        folder = Path(name).parent
        if not folder.is_dir():
            raise ValueError(f"names a file in {folder}, which is no folder; make it first")
        return url


class FleetSettings(StoreSettings):
    """Which services there are as well, for commands that name one."""

    stacks: Stacks

    @property
    def services(self) -> tuple[str, ...]:
        """The names of the fleet's services."""
        return tuple(service.name for service in load_fleet(self.stacks).services)


class Settings(ChannelSettings, GitHubSettings, StoreSettings):
    """The settings of `orbits serve` and `orbits worker`, by their names in the environment."""

    stacks: Stacks
    deployments_at_once: Annotated[int, Field(ge=1, le=1000)] = 10
    cycles_at_once: Annotated[int, Field(ge=0, le=1000)] = 10
    runs_at_once: Annotated[int, Field(ge=1, le=1000)] = 100
    heartbeat_seconds: Annotated[float, Field(gt=0, le=60)] = 3
    expiry_seconds: Annotated[float, Field(gt=0, le=600)] = 15
    grace_seconds: Annotated[float, Field(ge=0, le=3600)] = 20
    queue_deadline_minutes: Annotated[float, Field(gt=0)] = 60
    keep_days: Annotated[float, Field(ge=4)] = 30
    public_url: PublicAddress = ""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, validation_alias="PORT")] = 8080

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if misfits := [*self._misfits(), *self.github_misfits(), *self.channel_misfits()]:
            raise ValueError(".\n- ".join(misfits))
        return self

    def _misfits(self) -> Iterator[str]:
        """Say what does not fit together, in a sentence each, without its full stop."""
        if self.dispatch is Dispatch.DISTRIBUTED and self.is_sqlite:
            yield (
                "ORBITS_DISPATCH is distributed, and ORBITS_DATABASE_URL a SQLite file: many "
                "machines share a PostgreSQL database. Set its address, or embedded"
            )
        if self.expiry_seconds < 2 * self.heartbeat_seconds:
            yield (
                "ORBITS_EXPIRY_SECONDS is less than two heartbeats (ORBITS_HEARTBEAT_SECONDS), so "
                "that one late beat would cost a process its runs; set it higher"
            )

    @property
    def pace(self) -> Pace:
        """How the engine works."""
        return Pace(
            at_once=self.runs_at_once,
            limits=self.limits,
            heartbeat=timedelta(seconds=self.heartbeat_seconds),
            expiry=timedelta(seconds=self.expiry_seconds),
            patience=timedelta(minutes=self.queue_deadline_minutes),
            grace=timedelta(seconds=self.grace_seconds),
        )


S = TypeVar("S", bound=StoreSettings)


def read_settings(kind: type[S]) -> S:
    """Read the environment; raises `SettingsRefused` with all problems at once."""
    problems = _unknown(os.environ)
    try:
        settings = kind()
    except ValidationError as error:
        problems += [_sentence(problem) for problem in error.errors(include_url=False)]
    if problems:
        raise SettingsRefused(
            "The settings cannot be used. Nothing was started.\n"
            + "\n".join(f"- {problem}" for problem in problems)
        )
    return settings


def setting_names() -> list[str]:
    """Answer the names of all settings, as they stand in the environment."""
    return [_name(field) for field in Settings.model_fields]


def _name(field: str) -> str:
    return "PORT" if field.lower() == "port" else f"ORBITS_{field.upper()}"


def _unknown(environment: Mapping[str, str]) -> list[str]:
    """Name what looks like a setting and is none: a misspelt one would be ignored in silence."""
    known = setting_names()
    problems = []
    for name in sorted(environment):
        if name.startswith("ORBITS_") and name not in {*known, *OURS}:
            near = get_close_matches(name, known, 1) or (["PORT"] if name == "ORBITS_PORT" else [])
            hint = f" Did you mean {near[0]}?" if near else ""
            problems.append(f"{name} is no setting of this release.{hint}")
    return problems


def load_fleet(address: str) -> Fleet:
    """Answer the fleet that `module:attribute` names, or that a function of that name answers.

    Raises `ValueError`, worded to follow the name of the setting.
    """
    module, _, attribute = address.partition(":")
    try:
        found: object = getattr(import_module(module), attribute)
    except (ImportError, ValueError, AttributeError) as error:
        raise ValueError(
            f"names {address!r}, which cannot be imported: {error}. Set it to module:attribute"
        ) from error
    except Exception as error:
        raise ValueError(
            f"names {address!r}, whose module fails: {type(error).__name__}: {error}"
        ) from error
    try:
        fleet = found() if callable(found) else found
    except Exception as error:
        raise ValueError(
            f"names {address!r}, which fails when it is called: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(fleet, Fleet):
        raise ValueError(  # noqa: TRY004 (pydantic gathers ValueErrors)
            f"names {address!r}, which is a {type(fleet).__name__} and no resources.fleet.Fleet"
        )
    return fleet


def _sentence(problem: ErrorDetails) -> str:
    if not problem["loc"]:
        return problem["msg"].removeprefix("Value error, ") + "."
    name = _name(str(problem["loc"][0]))
    if problem["type"] == "missing":
        return f"{name} is not set."
    if problem["type"] in _WORDS:
        return f"{name} {_WORDS[problem['type']].format(**problem.get('ctx', {}))}."
    words = problem["msg"].removeprefix("Value error, ")
    if problem["type"] != "value_error":
        words = f"cannot be used: {words[0].lower()}{words[1:]}"
    return f"{name} {words}."
