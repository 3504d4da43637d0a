"""Whatever a document names is there: files, headings, targets, commands, contracts."""

import re
import tomllib
from typing import Any

import pytest
import typer
import yaml

from bot.cli import app
from tests.docs.conftest import Shell
from tests.docs.documents import (
    CONTRIBUTING,
    DECISIONS,
    DOCUMENTS,
    ROOT,
    WORKFLOWS,
    Document,
)

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z.][a-z./-]*): ", MAKEFILE, re.MULTILINE)) | {".venv/.ready"}
named = {document.path.name: document for document in DOCUMENTS}
contributing = Document(CONTRIBUTING)


@pytest.mark.parametrize("name", named)
def test_every_link_leads_somewhere(name: str) -> None:
    document = named[name]
    for link in document.links:
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        there = document.path.parent / path if path else document.path
        assert there.exists(), link
        assert not anchor or anchor in Document(there).anchors, link


@pytest.mark.parametrize("name", named)
def test_every_file_that_is_named_is_there(name: str) -> None:
    roots = ("bot/", "resources/", "tests/", ".github/")
    for span in named[name].spans:
        if span.startswith(roots):
            assert (ROOT / span).exists(), span


@pytest.mark.parametrize("name", named)
def test_every_target_that_is_named_can_be_made(name: str) -> None:
    asked = {word for words in named[name].commands if words[0] == "make" for word in words[1:]}
    assert {word for word in asked if "=" not in word} <= TARGETS


def test_the_workflows_make_targets_that_are_there() -> None:
    runs = [line for path in WORKFLOWS for line in path.read_text().splitlines() if "run:" in line]
    targets = {re.sub(r".*run: make ([a-z-]+).*", r"\1", line) for line in runs}
    assert targets <= TARGETS


def test_the_workflows_ask_for_no_more_than_they_need() -> None:
    for path in WORKFLOWS:
        text = path.read_text()
        assert "permissions:\n  contents: read\n\n" in text
        assert ": write" not in text


def test_the_workflows_are_yaml() -> None:
    for path in WORKFLOWS:
        assert {"name", "permissions", "jobs"} <= set(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize("name", named)
def test_every_command_that_is_named_is_known(name: str) -> None:
    known = set(_commands(typer.main.get_command(app)))
    for words in named[name].commands:
        if words[0] == "orbits":
            typed = " ".join(words[1:])
            assert typed.startswith("--") or any(
                typed == each or typed.startswith(f"{each} ") for each in known
            ), typed


def test_the_demo_is_what_make_demo_runs(shell: Shell) -> None:
    done = shell.run("make demo ARGS=--once")
    assert ".venv/bin/orbits demo --once" in done.stdout.splitlines()


def test_make_test_lints_checks_the_types_and_tests(shell: Shell) -> None:
    done = shell.run("make test")
    for tool in ("ruff check", "ruff format --check", "lint-imports", "mypy", "pytest"):
        assert f".venv/bin/{tool}" in done.stdout


def test_the_contracts_are_listed() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    listed = re.findall(r"^- (.+)$", contributing.text.partition("machine holds")[2], re.MULTILINE)
    expected = [contract["name"] for contract in contracts["contracts"]]
    assert listed[: len(expected)] == expected


def test_the_code_that_contributing_quotes_is_there() -> None:
    python = contributing.code("python")
    sources = [
        (ROOT / path).read_text()
        for path in ("tests/rollouts/test_affected.py", "bot/handlers/pull_request.py")
    ]
    assert len(python) == len(sources)
    for code, source in zip(python, sources, strict=True):
        assert code in source


def test_contributing_can_be_typed(shell: Shell) -> None:
    for code in contributing.code("bash"):
        done = shell.run(code)
        assert done.returncode == 0, done.stderr


def test_the_decisions_are_numbered_and_say_what_was_considered() -> None:
    for number, path in enumerate(DECISIONS, start=1):
        text = path.read_text()
        assert text.startswith(f"# {number:04} ")
        assert path.name.startswith(f"{number:04}-")
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences", "Considered"]


def _commands(command: Any) -> list[str]:
    """Answer the command lines that a command and those under it are called by."""
    found = []
    for name, below in command.commands.items():
        found.append(name)
        if hasattr(below, "commands"):
            found += [f"{name} {each}" for each in _commands(below)]
    return found
