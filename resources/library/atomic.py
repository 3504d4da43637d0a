"""Files that are either as they were or as they should be, whenever the process is killed."""

import os
from pathlib import Path
from uuid import uuid4


def write_atomically(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Put `content` in the place of the file at `path`, and make its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(mode)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
