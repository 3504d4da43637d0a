"""What all places where a script can run have in common, and how one is written down."""

import importlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Self, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    ModelWrapValidatorHandler,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    computed_field,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from resources.executors.script import Script, ScriptResult


def unheard(_: str) -> None:
    """Take a script's output and let it go."""


class Executor(BaseModel, ABC):
    """A place where a script runs: this machine, a container, a task in a tenant's account.

    An executor is an argument like any other, so it is stored: it holds addresses and names,
    never a connection or a secret. A field typed `Executor` keeps the subclass and its
    fields through JSON, by the entry `executor` that names the class.

        class Backup(Action):
            executor: Executor

            async def run(self) -> None:
                await self.executor.execute(Script(argv=("pg_dump", ...)), self.log)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @abstractmethod
    async def execute(
        self, script: Script, on_output: Callable[[str], None] = unheard
    ) -> ScriptResult:
        """Run the script to its end, and answer what it printed.

        `on_output` gets the text as it comes, in pieces that are not lines; it must not raise.
        When the caller is cancelled, the script is ended with all that it started.

        Raises:
            ScriptFailed: another status than 0, the timeout, or a script that cannot start.
        """

    @computed_field  # type: ignore[prop-decorator]
    @property
    def executor(self) -> str:
        """The class of this executor, as `module:Class`."""
        return f"{type(self).__module__}:{type(self).__qualname__}"

    @model_validator(mode="wrap")
    @classmethod
    def _as_its_own_class(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, dict):
            return handler(data)
        named = _executor_class(data["executor"]) if "executor" in data else cls
        if not issubclass(named, cls) or inspect.isabstract(named):
            raise ValueError(f"{named.__name__} is no class of {cls.__name__} that runs scripts")
        fields = {name: value for name, value in data.items() if name != "executor"}
        return handler(fields) if named is cls else named.model_validate(fields)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)

        def with_all_fields(
            value: BaseModel, serialize: SerializerFunctionWrapHandler, info: SerializationInfo
        ) -> Any:
            own = type(value) is source
            return serialize(value) if own else value.model_dump(mode=info.mode)

        written = core_schema.wrap_serializer_function_ser_schema(
            with_all_fields, info_arg=True, schema=schema
        )
        return cast("CoreSchema", {**schema, "serialization": written})


def _executor_class(name: object) -> type[Executor]:
    module, _, path = str(name).partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"there is no executor {name}: {error}") from error
    if isinstance(found, type) and issubclass(found, Executor):
        return found
    raise ValueError(f"{name} is no executor")
