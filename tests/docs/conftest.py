"""A shell as the reader of a document has it."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.documents import ROOT


@dataclass(frozen=True)
class Shell:
    """Runs commands in an empty folder that is also the home; `make` only says what it would do."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """What its commands see: of the settings of whoever runs the tests, nothing."""
        path = [str(self.home / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        return {
            "PATH": os.pathsep.join(path),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "COLUMNS": "400",
        }

    def run(self, code: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a script to its end, which comes at the first command that fails."""
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", code],
            cwd=self.home,
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell of the test's own."""
    stand_in = tmp_path / "bin" / "make"
    stand_in.parent.mkdir()
    make = shutil.which("make")
    stand_in.write_text(f'#!/bin/sh\nexec {make} --dry-run --directory "{ROOT}" "$@"\n')
    stand_in.chmod(0o755)
    return Shell(tmp_path)
