"""Definitions as rows: which class, which arguments, and a fingerprint of what is desired."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from resources.errors import OrbitsError
from resources.model.definition import Definition
from resources.model.resource import Resource
from resources.model.workflow import Workflow


class KindNotFound(OrbitsError):
    """A stored run names a class, or arguments, that the code of today does not have."""


@cache
def kind_of(definition: type[Definition]) -> str:
    """Answer how a class is named in the store: `module:Class`."""
    return f"{definition.__module__}:{definition.__qualname__}"


@cache
def class_of(kind: str) -> type[Definition]:
    """Answer the class of that name; raises `KindNotFound`."""
    module, _, qualname = kind.partition(":")
    try:
        found: Any = import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise KindNotFound(
            f"The store holds a run of {kind}, which this release cannot import: {error}. "
            "Deploy the release that has it, or cancel the run."
        ) from error
    if not (isinstance(found, type) and issubclass(found, Definition)):
        raise KindNotFound(f"The store holds a run of {kind}, which is no definition.")
    return found


def revived(kind: str, arguments: str) -> Definition:
    """Answer the definition that a row describes; raises `KindNotFound`."""
    try:
        return class_of(kind).model_validate_json(arguments)
    except ValidationError as error:
        raise KindNotFound(
            f"The store holds arguments of {kind} that its class no longer takes: "
            f"{error.error_count()} do not fit, the first is {error.errors()[0]['loc']}. "
            "Raise nothing by hand: deploy a release that takes them, or cancel the run."
        ) from error


@dataclass(frozen=True, slots=True)
class Wanted:
    """A command of an identity with its exact arguments: what two askers may share."""

    identity: str
    command: str
    fingerprint: str
    kind: str
    arguments: str

    @classmethod
    def of(cls, definition: Definition, command: str, identity: str) -> "Wanted":
        """Describe what is wanted of `definition`."""
        kind = kind_of(type(definition))
        arguments = definition.model_dump_json()
        version = definition.version if isinstance(definition, Resource) else 0
        return cls(
            identity=identity,
            command=command,
            fingerprint=fingerprint(kind, version, arguments),
            kind=kind,
            arguments=arguments,
        )

    @property
    def key(self) -> tuple[str, str, str]:
        """What the unique index of live runs is made of."""
        return (self.identity, self.command, self.fingerprint)


def fingerprint(kind: str, version: int, arguments: str) -> str:
    """Answer 128 bits, in hex, that differ where the class, its version or an argument does."""
    return hashlib.sha256(f"{kind}\0{version}\0{arguments}".encode()).hexdigest()[:32]


def identity_of(definition: Definition, default: str) -> str:
    """Answer what the definition works on; `default` where nothing is shared."""
    if isinstance(definition, Resource):
        return definition.identity()
    if isinstance(definition, Workflow):
        return definition.identity() or default
    return default
