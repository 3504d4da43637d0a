"""Where Terraform finds the provider of files, and modules that are made of its files."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from resources.executors import LocalExecutor
from resources.library import TerraformModule
from tests.resources.infrastructure import Infrastructure, terraform_or_skip

REQUIRED = """
terraform {
  required_providers {
    orbits = {
      source = "orbits.example/agency/orbits"
    }
  }
}

variable "folder" {
  type = string
}
"""
ADDRESS, VERSION = "orbits.example/agency/orbits", "1.0.0"
PROVIDER = Path(__file__).with_name("files_provider.py")


def installed_provider(folder: Path) -> LocalExecutor:
    """Install the provider in the folder; answer an executor whose Terraform looks nowhere else.

    https://developer.hashicorp.com/terraform/cli/config/config-file#filesystem_mirror
    """
    pytest.importorskip("tf", reason="no provider in Python: `pip install tf`")
    asked = [terraform_or_skip(), "version", "-json"]
    platform = json.loads(subprocess.run(asked, check=True, capture_output=True).stdout)["platform"]
    mirror = folder / "mirror"
    program = mirror / ADDRESS / VERSION / platform / f"terraform-provider-orbits_v{VERSION}"
    program.parent.mkdir(parents=True)
    # Terraform starts it three times for a command: without `site` that takes a fifth less.
    path = shlex.quote(os.pathsep.join(filter(None, sys.path)))
    command = f"{sys.executable} -P -S {PROVIDER} {folder}"
    program.write_text(f"#!/bin/sh\nPYTHONPATH={path} exec {command}\n")
    program.chmod(0o755)
    configuration = folder / "terraform.rc"
    configuration.write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
    )
    environment = {
        "TF_CLI_CONFIG_FILE": str(configuration),
        # The provider speaks over a socket in a folder of its own, and saves itself certificates.
        "TF_DISABLE_PLUGIN_TLS": "1",
    }
    return LocalExecutor(environment=environment, grace=timedelta(seconds=60))


def made_of(files: Mapping[str, str]) -> str:
    """Answer a module that is made of files by their names; a content is an expression."""
    parts = [
        f'resource "orbits_file" "{name}" {{\n'
        f'  path    = "${{var.folder}}/{name}"\n  content = {content}\n}}\n'
        for name, content in files.items()
    ]
    return "\n".join([REQUIRED, *parts])


@dataclass(frozen=True)
class ProvidedFiles:
    """A folder whose files Terraform makes, and that others reach into."""

    infrastructure: Infrastructure
    executor: LocalExecutor

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self.infrastructure.folder / "files"

    def write(self, files: Mapping[str, str], revision: str = "a") -> Path:
        """Write a module that is made of such files."""
        self.folder.mkdir(exist_ok=True)
        return self.infrastructure.write(revision=revision, main=made_of(files))

    def module(self, directory: Path, **arguments: Any) -> TerraformModule:
        """Answer the module for a tenant."""
        arguments = {"variables": {"folder": str(self.folder)}} | arguments
        return self.infrastructure.module(directory=directory, executor=self.executor, **arguments)

    def there(self) -> dict[str, str]:
        """Answer the files that are there."""
        return {path.name: path.read_text() for path in self.folder.iterdir() if path.is_file()}
