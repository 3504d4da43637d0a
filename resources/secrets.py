"""Secrets as references: what is stored says where a value is, and the run that needs it asks."""

import asyncio
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, field_validator, model_serializer, model_validator

from resources.errors import OrbitsError

# What begins with `//` is an address, which may hold a password itself.
REFERENCE = re.compile(r"[a-z][a-z0-9+.-]*:(?!//)\S(?:.*\S)?")
NOT_SHOWN = "[not shown]"
LARGEST_FILE = 64 * 1024


class SecretNotFound(OrbitsError):
    """A secret is not where its reference says, or is nothing that could be used as one."""


class Secret(BaseModel):
    """Where a secret is, such as `env:DATABASE_PASSWORD` or `file:/run/secrets/database`.

        class Database(Resource):
            password: Secret

        Database(password="env:DATABASE_PASSWORD")

    It is an argument like any other: stored, logged and compared by its reference. A new value
    behind the same reference therefore changes no resource by itself.
    """

    model_config = ConfigDict(frozen=True)

    reference: str

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        """Take a plain reference; let no error show what may be the secret itself."""
        if isinstance(given, cls):
            return given
        reference = given.get("reference") if isinstance(given, dict) else given
        return {"reference": reference if _is_reference(reference) else NOT_SHOWN}

    @field_validator("reference")
    @classmethod
    def _refers(cls, reference: str) -> str:
        if not _is_reference(reference):
            raise ValueError(
                "a secret is given by a reference such as `env:DATABASE_PASSWORD` or "
                "`file:/run/secrets/database`, never by its value"
            )
        return reference

    @model_serializer
    def _as_text(self) -> str:
        return self.reference

    @property
    def scheme(self) -> str:
        """What kind of place it is in, such as `env`."""
        return self.reference.partition(":")[0]

    @property
    def name(self) -> str:
        """What it is called there."""
        return self.reference.partition(":")[2]

    def __str__(self) -> str:
        return self.reference


def _is_reference(given: object) -> bool:
    return isinstance(given, str) and given.isprintable() and bool(REFERENCE.fullmatch(given))


class SecretSource(Protocol):
    """A kind of place where secrets are kept."""

    @property
    def scheme(self) -> str:
        """What references to this place begin with, without the colon."""

    async def read(self, name: str) -> str:
        """Answer the value; raises `SecretNotFound`, which never shows it."""


class EnvironmentSecrets:
    """Secrets in environment variables of this process: `env:DATABASE_PASSWORD`.

    Names that begin with one of `withheld` are the bot's own, and are not given to stacks.
    """

    scheme = "env"

    def __init__(
        self, environment: Mapping[str, str] | None = None, withheld: tuple[str, ...] = ("ORBITS_",)
    ) -> None:
        self._environment = os.environ if environment is None else environment
        self._withheld = withheld

    async def read(self, name: str) -> str:
        """Answer the variable's value; raises `SecretNotFound` where it is not set, or empty."""
        reference = f"{self.scheme}:{name}"
        if name.startswith(self._withheld):
            raise SecretNotFound(
                f"The secret `{reference}` is a setting of the bot itself, which no stack is "
                "given. Set the value under another name, and refer to that."
            )
        value = self._environment.get(name, "")
        if not value:
            raise SecretNotFound(
                f"The secret `{reference}` was not found: this process has no environment "
                f"variable {name}, or it is empty. Set it for every worker, and retry."
            )
        return _as_text(value.encode(errors="surrogateescape"), reference)


class FileSecrets:
    """Secrets in files, as containers mount them: `file:/run/secrets/database`.

    Only what is in `folder`, symbolic links followed, is read. One newline at the end of the
    file is not part of the secret.
    """

    scheme = "file"

    def __init__(self, folder: Path = Path("/"), largest: int = LARGEST_FILE) -> None:
        self._folder = folder
        self._largest = largest

    async def read(self, name: str) -> str:
        """Answer the file's text; raises `SecretNotFound`."""
        return await asyncio.to_thread(self._read, name)

    def _read(self, name: str) -> str:
        reference = f"{self.scheme}:{name}"
        text = _as_text(self._content(Path(name), reference), reference)
        text = text.removesuffix("\n").removesuffix("\r")
        if not text:
            raise SecretNotFound(f"The secret `{reference}` is empty. Write it, and retry.")
        return text

    def _content(self, path: Path, reference: str) -> bytes:
        if not path.is_absolute() or not _really(path).is_relative_to(_really(self._folder)):
            raise SecretNotFound(
                f"The secret `{reference}` is not read: only files in {self._folder} are, by "
                "their absolute path. Put it there, and change the reference."
            )
        try:
            # A pipe or a device could keep its reader waiting, or never end.
            if not path.is_file():
                raise SecretNotFound(
                    f"The secret `{reference}` was not found: there is no file {path}. "
                    "Mount it on every worker, and retry."
                )
            with path.open("rb") as file:
                content = file.read(self._largest + 1)
        except OSError as error:
            raise SecretNotFound(
                f"The secret `{reference}` could not be read: {error.strerror}. "
                "Let the user that the worker runs as read it, and retry."
            ) from None
        if len(content) > self._largest:
            raise SecretNotFound(
                f"The secret `{reference}` is larger than {self._largest:,} bytes. "
                "Refer to the file that holds the secret alone."
            )
        return content


def _really(path: Path) -> Path:
    """Answer the path that symbolic links lead to; unlike `Path.resolve`, also of a loop."""
    return Path(os.path.realpath(path))


def _as_text(content: bytes, reference: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        # Not chained: that error holds the bytes.
        raise SecretNotFound(
            f"The secret `{reference}` is not UTF-8 text. Store it as text, such as base64."
        ) from None


def _unheard(_: str) -> None:
    """Let a value go by."""


class Secrets:
    """The sources that this process has, by the scheme of their references.

        Secrets(EnvironmentSecrets(), FileSecrets(), hear=masks.add)

    `hear` gets every value before it is answered, so that it is masked wherever it is printed.
    """

    def __init__(self, *sources: SecretSource, hear: Callable[[str], None] = _unheard) -> None:
        self._sources = {source.scheme: source for source in sources}
        self._hear = hear
        if len(self._sources) < len(sources):
            raise ValueError("two sources of secrets have the same scheme")

    async def reveal(self, secret: Secret) -> str:
        """Answer the value that a secret refers to now; raises `SecretNotFound`."""
        source = self._sources.get(secret.scheme)
        if source is None:
            known = ", ".join(f"`{scheme}:`" for scheme in sorted(self._sources)) or "none"
            raise SecretNotFound(
                f"The secret `{secret}` cannot be looked up: this process knows no source "
                f"`{secret.scheme}:`, of those it knows: {known}. Correct the reference, or give "
                "the process that source."
            )
        value = await source.read(secret.name)
        self._hear(value)
        return value
