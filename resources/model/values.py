"""Results as JSON text, and back to the types that their annotations promise."""

from collections.abc import Callable
from functools import lru_cache, partial
from types import CodeType, MethodType
from typing import Any, Union, get_args, get_type_hints

from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from resources.errors import OrbitsError
from resources.model.action import LongAction
from resources.model.pending import Pending
from resources.model.resource import Resource
from resources.model.sorts import Sort, sort_of

LARGEST_RESULT = 1_000_000
"""Characters of JSON that a step's result may have: a journal is no place for files."""

NOTHING = "null"

PLAIN = (None, type(None), bool, int, float, str)

_HOOKS = {
    Sort.LONG_ACTION: "check",
    Sort.ACTION: "run",
    Sort.WORKFLOW: "define",
    Sort.RESOURCE: "output",
}
"""The method whose annotation says what a step answers."""

BRINGING_ABOUT = frozenset({"install", "update", "rollback"})
CHANGING = BRINGING_ABOUT | {"uninstall"}
"""The commands after which an identity is no longer in its recorded state."""
SKIPPABLE = frozenset({"update", "rollback"})
"""The commands of which nothing is done where what they would bring about is recorded."""
"""The commands after which a resource's arguments hold, and its output is asked."""


class ResultNotStorable(OrbitsError):
    """A step's result cannot be remembered, so that a replay could not answer it."""


class ResultType:
    """How one step's result is stored and read back."""

    def __init__(self, annotation: Any, owner: str) -> None:
        self._annotation = annotation
        self._owner = owner
        self.exact = annotation in PLAIN
        """Whether what is read back has the type of what was answered, whatever that was."""
        try:
            self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        except PydanticUserError as error:
            raise ResultNotStorable(
                f"{owner} promises a result of type {annotation}, which cannot be stored as JSON. "
                "Answer a pydantic model, a dataclass or plain JSON values."
            ) from error

    def to_json(self, value: Any) -> str:
        """Answer `value` as JSON text; raises `ResultNotStorable`."""
        if value is None:
            return NOTHING
        try:
            text = self._adapter.dump_json(value, warnings="error").decode()
        except (PydanticSerializationError, UnicodeDecodeError, ValueError) as error:
            raise ResultNotStorable(
                f"The result of {self._owner} cannot be stored as JSON: a "
                f"{type(value).__name__} is not the {self._annotation} that it promises, or holds "
                "something that is not JSON. Annotate what it answers, or answer plain values."
            ) from error
        if len(text) > LARGEST_RESULT:
            raise ResultNotStorable(
                f"The result of {self._owner} has {len(text):,} characters of JSON; at most "
                f"{LARGEST_RESULT:,} are kept. Answer where it can be found instead."
            )
        return text

    def from_json(self, text: str) -> Any:
        """Answer the value that was stored; raises `ResultNotStorable`."""
        if text == NOTHING:
            return None
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            raise ResultNotStorable(
                f"What is remembered of {self._owner} does not fit the {self._annotation} that "
                "its code of today promises. Run it again, or deploy the earlier release."
            ) from error


def handle_type(action: LongAction) -> ResultType:
    """Answer how the handle of a long action is stored."""
    return _of_method(type(action).start)


def type_named(kind: Any) -> str | None:
    """Answer how a class is named in the store, `None` for what is no class: `module:Class`."""
    return f"{kind.__module__}:{kind.__qualname__}" if isinstance(kind, type) else None


def result_type(x: Any) -> ResultType:
    """Answer how the result of an action, workflow, resource or coroutine function is stored."""
    if (hook := _HOOKS.get(sort_of(x))) is not None:
        return _of_method(getattr(type(x), hook))
    while isinstance(x, partial):
        x = x.func
    if isinstance(x, MethodType):
        return _of_method(x.__func__)
    code = getattr(x, "__code__", None)
    # A function made anew in each run is told by its code, or the cache would never hit.
    return _of_method(type(x).__call__) if code is None else _of_code(code, _Function(x))


def command_result_type(resource: Resource, command: str) -> ResultType:
    """Answer how the result of a resource's command is stored: its output, or what a hook says."""
    if command in BRINGING_ABOUT:
        return result_type(resource)
    hook = getattr(type(resource), f"define_{command}", None)
    return result_type(resource) if hook is None else _of_method(hook)


class _Function:
    """A function that is made anew in each run: its code and its promise are what a cache knows."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self._promise = getattr(function, "__annotations__", {}).get("return", Any)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Function) and self._promise == other._promise

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4096)
def _of_code(_code: CodeType, function: _Function) -> ResultType:
    return _annotated(function.function)


@lru_cache(maxsize=4096)
def _of_method(function: Callable[..., Any]) -> ResultType:
    return _annotated(function)


def _without_pending(annotation: Any) -> Any:
    """Answer what a `check()` promises in the end."""
    members = get_args(annotation)
    if Pending not in members:
        return annotation
    return Union[tuple(member for member in members if member is not Pending)]  # noqa: UP007 (made of a list)


def _annotated(function: Callable[..., Any]) -> ResultType:
    try:
        annotation = _without_pending(get_type_hints(function).get("return", Any))
    except NameError as error:
        raise ResultNotStorable(
            f"The annotations of {function.__qualname__} cannot be read: {error}. Name types "
            "that its module knows."
        ) from error
    return ResultType(annotation, function.__qualname__)
