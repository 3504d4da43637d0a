"""Results that a person gives: whether they are what a step, or a signal, is to answer."""

import json
from importlib import import_module
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.engine.definitions.kinds import KindNotFound, class_of
from bot.engine.journal.rows import StepRow
from resources.errors import Refused
from resources.model.definition import Definition
from resources.model.resource import Resource
from resources.model.values import (
    LARGEST_RESULT,
    ResultNotStorable,
    command_result_type,
    result_type,
)


def demand_json(text: str, what: str) -> None:
    """Raise `Refused` where `text` is no JSON that can be kept."""
    if len(text) > LARGEST_RESULT:
        raise Refused(
            f"{what} has {len(text):,} characters; at most {LARGEST_RESULT:,} are kept. Nothing "
            "was changed."
        )
    try:
        json.loads(text)
    except ValueError as error:
        raise Refused(
            f"{what} is no JSON: {error}. Write a text in quotes, such as '\"eu-west-1\"'. "
            "Nothing was changed."
        ) from error


def demand_result_fits(step: StepRow, result: str) -> None:
    """Raise `Refused` where a step cannot have that result, as far as its code is here."""
    demand_json(result, f"The result for `{step.name}`")
    try:
        results = _results_of(step.kind)
        if results is not None:
            results.from_json(result)
    except ResultNotStorable as error:
        raise Refused(
            f"`{step.name}` cannot have the result {result}: its code promises something else. "
            "Give one that fits, with `--result`. Nothing was changed."
        ) from error


def demand_fits(payload: str, expects: str | None, what: str) -> None:
    """Raise `Refused` with what does not fit the class named `expects`, where that is here."""
    demand_json(payload, what)
    kind = _importable(expects)
    if kind is None:
        return
    try:
        TypeAdapter(kind).validate_json(payload)
    except ValidationError as error:
        problems = "; ".join(_told(each) for each in error.errors(include_url=False))
        raise Refused(f"{what} is no {kind.__name__}: {problems}. Nothing was sent.") from error


def _told(problem: Any) -> str:
    field = ".".join(str(part) for part in problem["loc"])
    words = problem["msg"][0].lower() + problem["msg"][1:]
    return f"`{field}`: {words}" if field else words


def _results_of(kind: str) -> Any:
    """Answer how results of a kind of step are stored: `module:Class`, or that and a command."""
    if ":" not in kind:
        return None
    found = _class(kind)
    if found is not None:
        return result_type(found.model_construct())
    owner, _, command = kind.rpartition(".")
    found = _class(owner)
    if found is None or not issubclass(found, Resource):
        return None
    return command_result_type(found.model_construct(), command)


def _class(kind: str) -> type[Definition] | None:
    try:
        return class_of(kind)
    except KindNotFound:
        return None


def _importable(name: str | None) -> type | None:
    """Answer the class of that name; the process that types may not have it."""
    module, _, qualname = (name or "").partition(":")
    try:
        found: Any = import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError):
        return None
    return found if isinstance(found, type) else None
