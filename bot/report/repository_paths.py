"""Whether a path that a script printed is one of the repository's files, and which."""

import re
from collections.abc import Collection
from pathlib import PurePosixPath

LONGEST_PATH = 400

_SUFFIXES = """
bash c cc cfg clj conf cpp cs css csv cts cue dart ex exs fish go gradle graphql groovy h hcl hpp hs
htm html ini j2 java js json jsonnet jsx kt kts less lua md mjs mts php pl prisma properties proto
ps1 py pyi r rb rs rst sass scala scss sh sql svelte swift tf tfvars tmpl toml ts tsx txt vue xml
yaml yml zsh
"""
_KNOWN_SUFFIXES = frozenset(_SUFFIXES.split())
_WHOLE_NAMES = frozenset({"Dockerfile", "Gemfile", "Jenkinsfile", "Makefile", "Procfile"})
_UNLIKELY = re.compile(r"[\x00-\x1f\x7f\\<>|\"'`*?$~{}]|://|^[-.]?$")


def path_in(printed: str, revision: str = "") -> str | None:
    """Answer the path of a file from the repository's root; `None` where it is hardly one of it.

    Of a checkout it is known that it lies in a folder that has the commit's name.
    """
    path = _in_the_checkout(printed.strip(), revision).removeprefix("./")
    if len(path) > LONGEST_PATH or _UNLIKELY.search(path):
        return None
    if {"", ".", ".."} & set(path.split("/")) or not _plausible(path):
        return None
    return path


def whole_path(path: str, files: Collection[str]) -> str:
    """Answer the one of these files whose path ends so, as a script goes by its own folder's names.

    Where none does, or several do, the path stays as it is.
    """
    same_end = [file for file in files if file.endswith(f"/{path}")]
    return path if path in files or len(same_end) != 1 else same_end[0]


def _in_the_checkout(path: str, revision: str) -> str:
    _, inside, rest = path.partition(f"/{revision}/")
    return rest if revision and inside else path


def _plausible(path: str) -> bool:
    name = PurePosixPath(path)
    return "/" in path or name.suffix[1:].lower() in _KNOWN_SUFFIXES or name.name in _WHOLE_NAMES
