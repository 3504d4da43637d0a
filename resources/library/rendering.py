"""Templates and variables in, files out: what an environment should consist of."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from pydantic import JsonValue

from resources.errors import Refused

SHOWN = 2_000


@dataclass(frozen=True)
class File:
    """The content of a file, and whether it may be run."""

    content: bytes
    executable: bool = False

    @property
    def mode(self) -> int:
        """The file's permissions."""
        return 0o755 if self.executable else 0o644

    def shown(self) -> str:
        """Answer what a person is shown of it: short text as it is, the rest by its checksum."""
        text = _text(self.content)
        if text is not None and len(text) <= SHOWN:
            return text
        return f"sha256:{hashlib.sha256(self.content).hexdigest()} ({len(self.content):,} bytes)"


Files = Mapping[str, File]
"""Files by their paths, with `/` between folders."""


def rendered(templates: Files, variables: Mapping[str, JsonValue]) -> Files:
    """Answer the templates with `$name` and `${name}` filled in; `$$` is a dollar sign.

    A value that is no text is written as JSON. What is not UTF-8 text is answered as it is.
    Raises `Refused` for a variable that has no value, naming file and variable.
    """
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in variables.items()
    }
    return {path: _filled_in(path, file, texts) for path, file in templates.items()}


def read_files(folder: Path) -> dict[str, File]:
    """Answer the files in a folder and the folders in it; symbolic links are refused."""
    found: dict[str, File] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise Refused(f"{name} in {folder} is a symbolic link; put the file itself there.")
        if path.is_file():
            found[name] = File(path.read_bytes(), bool(path.stat().st_mode & 0o100))
    return found


def _filled_in(path: str, file: File, texts: Mapping[str, str]) -> File:
    text = _text(file.content)
    if text is None:
        return file
    try:
        filled = Template(text).substitute(texts)
    except KeyError as error:
        raise Refused(
            f"The template {path} asks for the variable `{error.args[0]}`, which has no value. "
            f"Give it one, or write `$$` for a dollar sign. Nothing was changed.",
            file=path,
            variable=str(error.args[0]),
        ) from error
    except ValueError as error:
        raise Refused(
            f"The template {path} cannot be read: {error}. Write `$$` for a dollar sign. "
            "Nothing was changed.",
            file=path,
        ) from error
    return File(filled.encode(), file.executable)


def _text(content: bytes) -> str | None:
    if b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
