"""What is written can be used as it stands: its own test passes, and no tool complains."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.new.names import LONGEST, Kind
from bot.new.writing import write_new
from tests.docs.documents import ROOT

NAMES = ("site", "s3-bucket", "x" * LONGEST)
SETTINGS = str(ROOT / "pyproject.toml")


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder with a stack and a resource of a short name, of two words, and of a long one."""
    for name in NAMES:
        for kind in Kind:
            write_new(kind, name, tmp_path)
    return tmp_path


def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run one of the tools of this project in the folder."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=os.environ | {"MYPYPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_its_own_test_passes(written: Path) -> None:
    """With nothing but pytest itself, as on an author's machine."""
    tests = ("test_site_stack.py", "test_s3_bucket_resource.py")
    done = run(written, "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", *tests)
    assert done.returncode == 0, done.stdout
    assert "17 passed" in done.stdout


def test_it_is_as_this_project_writes(written: Path) -> None:
    for command in (
        ("check", "--extend-per-file-ignores", "test_*.py:S101"),
        ("format", "--check"),
    ):
        done = run(written, "ruff", *command, "--no-cache", "--config", SETTINGS, ".")
        assert done.returncode == 0, done.stdout


@pytest.mark.thorough
def test_its_types_are_right(written: Path) -> None:
    done = run(written, "mypy", "--strict", "--config-file", SETTINGS, *map(str, written.iterdir()))
    assert done.returncode == 0, done.stdout
