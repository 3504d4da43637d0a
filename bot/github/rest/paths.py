"""The addresses of what is in a repository."""

import re
from urllib.parse import quote

_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


def path_of(repository: str, *parts: str | int) -> str:
    """Answer the path of something in a repository (`owner/name`).

    What people wrote may be among the parts: each stays one segment. Raises `ValueError` for
    what would lead elsewhere.
    """
    names = repository.split("/")
    if not _REPOSITORY.fullmatch(repository) or not {".", ".."}.isdisjoint(names):
        raise ValueError("a repository is named `owner/name`")
    segments = [str(part) for part in parts]
    if not {"", ".", ".."}.isdisjoint(segments):
        raise ValueError("a path has no empty part, and none that is `.` or `..`")
    return "/".join(["/repos", repository, *(quote(each, safe="") for each in segments)])
