"""One command line to carry out somewhere, and what came of it."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

FILES_LIMIT = 10_000_000
"""How many bytes of files go in, and how many come out: of all of a script together."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Script(BaseModel):
    """A program and its arguments, exactly as they reach it: no shell reads them.

        Script(argv=("psql", "-f", "schema.sql"), files={"schema.sql": schema})

    It may end up in a log: a secret goes by `environment`, `stdin` or `files`, never by `argv`.
    `kept` is how many bytes of the output's end are held.

    A script with `files` or `outputs`, small ones, runs in a folder of its own that is gone
    afterwards, and not in `cwd`: it finds the files there, and leaves the outputs there. They
    are named by paths like `plans/acme.json`, and read where it ended with status 0.

    `key` says which run and step it is. Where the executor can, a script whose key goes on
    already is not begun again: it is waited for, and its outcome answered, also after a crash
    of the bot. What has been answered is forgotten. On the bot's own machine nothing can be heard
    again: what goes on of it there is ended, with all that it started, before it begins anew.

    `orderly` programs end by themselves what they started, when they are asked to end: they
    alone are asked, and once. Terraform is such a program, and its providers die of a TERM.

    `sort` names those that need about as much of the machine as this one: on the bot's own, as
    many go on at once as it has room for. Without it, these are all of the same program.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        ser_json_bytes="base64",
        val_json_bytes="base64",
    )

    argv: Annotated[tuple[str, ...], Field(min_length=1)]
    stdin: str = Field(default="", repr=False)
    cwd: Path | None = None
    environment: Mapping[str, str] = Field(default={}, repr=False)
    files: Mapping[str, bytes] = Field(default={}, repr=False)
    outputs: tuple[str, ...] = ()
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")] | None = None
    orderly: bool = False
    sort: str = ""
    timeout: timedelta = timedelta(minutes=10)
    kept: Annotated[int, Field(gt=0)] = 64_000

    @field_validator("argv")
    @classmethod
    def _can_be_started(cls, argv: tuple[str, ...]) -> tuple[str, ...]:
        if not argv[0] or any("\0" in word for word in argv):
            raise ValueError("a script's argv names a program and holds no zero byte")
        return argv

    @field_validator("environment")
    @classmethod
    def _can_be_set(cls, environment: Mapping[str, str]) -> Mapping[str, str]:
        for name, value in environment.items():
            if not _NAME.fullmatch(name) or "\0" in value:
                raise ValueError(f"{name!r} can be no environment variable, or holds a zero byte")
        return environment

    @field_validator("files")
    @classmethod
    def _are_small(cls, files: Mapping[str, bytes]) -> Mapping[str, bytes]:
        _demand_paths(files)
        if sum(map(len, files.values())) > FILES_LIMIT:
            raise ValueError(f"a script's files are larger than {FILES_LIMIT:,} bytes together")
        return files

    @field_validator("outputs")
    @classmethod
    def _are_paths(cls, outputs: tuple[str, ...]) -> tuple[str, ...]:
        _demand_paths(outputs)
        return outputs

    @model_validator(mode="after")
    def _has_one_folder(self) -> Self:
        if self.has_folder and self.cwd is not None:
            raise ValueError("a script with files or outputs runs in their folder, and has no cwd")
        return self

    @property
    def has_folder(self) -> bool:
        """Whether it runs in a folder of its own."""
        return bool(self.files or self.outputs)


class ScriptResult(BaseModel):
    """What a script that ended with status 0 printed; standard error is part of it.

    `output` is the end of it, where `total_bytes` were printed and `cut_bytes` not kept.
    `files` are the outputs that were asked for.
    """

    model_config = ConfigDict(frozen=True, ser_json_bytes="base64", val_json_bytes="base64")

    status: int = 0
    output: str = ""
    total_bytes: int = 0
    cut_bytes: int = 0
    files: Mapping[str, bytes] = {}


def _demand_paths(paths: Mapping[str, bytes] | tuple[str, ...]) -> None:
    for path in paths:
        parts = PurePosixPath(path).parts
        plain = "/".join(parts) == path and path.isprintable() and not path.startswith(("-", "/"))
        if not parts or ".." in parts or not plain:
            raise ValueError(f"{path!r} is no path inside a script's folder, such as `plan.json`")
