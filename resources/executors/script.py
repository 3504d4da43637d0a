"""One command line to carry out somewhere, and what came of it."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Script(BaseModel):
    """A program and its arguments, exactly as they reach it: no shell reads them.

        Script(argv=("alembic", "upgrade", "head"), cwd=checkout.path)

    It may end up in a log: a secret goes by `environment` or `stdin`, never by `argv`.
    `kept` is how many bytes of the output's end are held.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    argv: Annotated[tuple[str, ...], Field(min_length=1)]
    stdin: str = Field(default="", repr=False)
    cwd: Path | None = None
    environment: Mapping[str, str] = Field(default={}, repr=False)
    timeout: timedelta = timedelta(minutes=10)
    kept: Annotated[int, Field(gt=0)] = 64_000

    @field_validator("argv")
    @classmethod
    def _can_be_started(cls, argv: tuple[str, ...]) -> tuple[str, ...]:
        if not argv[0] or any("\0" in word for word in argv):
            raise ValueError("a script's argv names a program and holds no zero byte")
        return argv


class ScriptResult(BaseModel):
    """What a script that ended with status 0 printed; standard error is part of it.

    `output` is the end of it, where `total_bytes` were printed and `cut_bytes` not kept.
    """

    model_config = ConfigDict(frozen=True)

    status: int = 0
    output: str = ""
    total_bytes: int = 0
    cut_bytes: int = 0
