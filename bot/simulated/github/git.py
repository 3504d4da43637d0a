"""The objects and branches of one bare repository, through the git command line."""

import asyncio
import contextlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import ClassVar

from bot.simulated.github.refusals import GitHubRefused

Changes = Mapping[str, str | bytes | None]
"""What becomes of paths: a new content, or None for a file that goes away."""


class Executable(bytes):
    """The content of a file that may be run; a later change of its text leaves it so."""


EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
NOWHERE = "0" * 40

_SHA = re.compile(r"[0-9a-f]{40}")
_READS = frozenset({"rev-parse", "merge-base", "rev-list"})
_READS_WITHIN = frozenset({"log", "diff-tree", "cat-file", "ls-tree"})
_COMMITS = re.compile(r"[0-9a-f]{40}(\^\{\w+\})?(\.\.\.?[0-9a-f]{40}|:.+)?", re.DOTALL)
_NO_SUCH_FILE = b"does not exist in"
_Answer = tuple[int, bytes, bytes]
_Memory = dict[tuple[str, ...], _Answer]
_MOST_REMEMBERED = 4096
_LONGEST_REMEMBERED = 16_384


class GitFailed(Exception):
    """A git command ended with an error that no act of a person explains."""


@dataclass(frozen=True)
class Signature:
    """A person as git writes it into commits."""

    name: str
    email: str


@dataclass(frozen=True)
class Draft:
    """A commit to be: who wrote it, who commits it, and what it says."""

    message: str
    author: Signature
    committer: Signature
    authored_at: datetime | None = None


class Git:
    """One bare repository on disk; every object in it is real."""

    _said_within: ClassVar[_Memory] = {}
    """What is within commits: by their whole names it is the same in every repository."""

    def __init__(self, directory: Path, clock: Callable[[], datetime]) -> None:
        self.directory = directory
        self._clock = clock
        self._scratch = 0
        self._said: _Memory = {}

    async def run(self, *arguments: str, stdin: bytes = b"", draft: Draft | None = None) -> bytes:
        """Run one git command and return what it printed.

        Raises GitFailed if it ends with a status other than 0.
        """
        status, output, errors = await self._spawn(arguments, stdin, draft)
        if status:
            command = " ".join(arguments[:3])
            raise GitFailed(f"`git {command}` ended with {status}: {errors.decode()}")
        return output

    async def text(self, *arguments: str) -> str:
        """Run one git command and return its output without the last line's end."""
        return (await self.run(*arguments)).decode(errors="replace").rstrip("\n")

    async def succeeds(self, *arguments: str) -> bool:
        """Say whether a git command ends with 0."""
        status, _, _ = await self._spawn(arguments, b"", None)
        return status == 0

    async def create(self, default_branch: str) -> None:
        """Make the empty bare repository."""
        self.directory.mkdir(parents=True)
        branch = f"--initial-branch={default_branch}"
        await self.run("init", "--quiet", "--bare", "--template=", branch, ".")

    async def resolve(self, name: str) -> str | None:
        """Return the commit that a branch, a tag, a full reference or a sha names."""
        if not name or name.startswith("-") or any(letter in name for letter in " :^~@{"):
            return None
        if (sha := self._loose_head(name)) is not None:
            return sha
        arguments = ("rev-parse", "--quiet", "--verify", f"{name}^{{commit}}")
        status, output, _ = await self._spawn(arguments, b"", None)
        return None if status else output.decode().strip()

    def _loose_head(self, name: str) -> str | None:
        """Answer where `heads/` and a branch is, if that is in a file, which asks for no git."""
        if not name.startswith("heads/") or ".." in name:
            return None
        try:
            content = (self.directory / "refs" / name).read_text().strip()
        except OSError:
            return None
        return content if _SHA.fullmatch(content) else None

    async def branches(self) -> dict[str, str]:
        """Return the head of every branch by its name."""
        lines = await self.text("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/")
        pairs = (line.split(" ", 1) for line in lines.splitlines())
        return {name.removeprefix("refs/heads/"): sha for sha, name in pairs}

    async def point(self, reference: str, sha: str, before: str | None = None) -> None:
        """Move a full reference to a commit; refused if it is not where `before` says."""
        await self.run("update-ref", reference, sha, *([before] if before else []))

    async def point_all(self, places: Mapping[str, str]) -> None:
        """Move several full references, each to its commit, all at once."""
        lines = [f"update {reference} {sha}\n" for reference, sha in places.items()]
        await self.run("update-ref", "--stdin", stdin="".join(lines).encode())

    async def remove(self, reference: str) -> None:
        """Delete a full reference."""
        await self.run("update-ref", "-d", reference)

    async def tree(self, commit: str) -> str:
        """Return the tree of a commit."""
        return await self.text("rev-parse", f"{commit}^{{tree}}")

    async def commit_changes(self, parent: str | None, changes: Changes, draft: Draft) -> str:
        """Make a commit of changes on top of a parent, and return its sha; no branch moves.

        Raises GitHubRefused if a path is impossible or the changes change nothing.
        """
        for path in changes:
            _check_path(path)
        modes = await self._modes(parent, list(changes)) if parent and changes else {}
        self._scratch += 1
        scratch = f"refs/scratch/{self._scratch}"
        command = _commit_command(scratch, parent, self._people(draft), draft.message)
        questions = _answers_command(scratch, parent)
        script = command + _file_commands(changes, modes) + questions
        output = (await self.run("fast-import", "--quiet", stdin=script)).decode()
        answers: list[str] = re.findall(r"\b[0-9a-f]{40}\b", output)
        sha, tree, *before = answers
        if tree == (before[0] if before else EMPTY_TREE):
            raise GitHubRefused("The commit would change nothing: every file is already so.")
        return sha

    async def commit_tree(self, tree: str, parents: Sequence[str], draft: Draft) -> str:
        """Make a commit of a tree that exists, and return its sha."""
        named = [word for parent in parents for word in ("-p", parent)]
        output = await self.run(
            "commit-tree", tree, *named, stdin=draft.message.encode(), draft=draft
        )
        return output.decode().strip()

    async def merged_tree(self, ours: str, theirs: str) -> str | None:
        """Return the tree of a merge of two commits, or None if they conflict."""
        arguments = ("merge-tree", "--write-tree", "--no-messages", ours, theirs)
        status, output, errors = await self._spawn(arguments, b"", None)
        if status > 1:
            raise GitFailed(f"`git merge-tree` ended with {status}: {errors.decode()}")
        return None if status else output.decode().split()[0]

    async def merge_base(self, one: str, other: str) -> str | None:
        """Return the newest commit that two commits have in common."""
        status, output, _ = await self._spawn(("merge-base", one, other), b"", None)
        return None if status else output.decode().strip()

    async def reaches(self, ancestor: str, descendant: str) -> bool:
        """Say whether one commit is an ancestor of another, or the same."""
        return await self.succeeds("merge-base", "--is-ancestor", ancestor, descendant)

    async def count(self, span: str) -> int:
        """Return how many commits lie in a span such as `base..head`."""
        return int(await self.text("rev-list", "--count", span))

    async def is_tree(self, name: str) -> bool:
        """Say whether an object, such as `sha:path`, is a directory."""
        status, output, _ = await self._spawn(("cat-file", "-t", name), b"", None)
        return status == 0 and output.strip() == b"tree"

    async def blob(self, commit: str, path: str) -> bytes | None:
        """Return the content of one file at a commit, or None if it is not there."""
        status, output, _ = await self._spawn(("cat-file", "blob", f"{commit}:{path}"), b"", None)
        return None if status else output

    async def _modes(self, commit: str, paths: Sequence[str]) -> dict[str, str]:
        output = await self.run("ls-tree", "-r", "-z", commit, "--", *paths)
        records = filter(None, output.decode().split("\0"))
        return {path: facts[:6] for facts, path in (record.split("\t", 1) for record in records)}

    def _people(self, draft: Draft) -> str:
        author, committer = draft.author, draft.committer
        now = self._clock()
        authored = int((draft.authored_at or now).timestamp())
        return (
            f"author {author.name} <{author.email}> {authored} +0000\n"
            f"committer {committer.name} <{committer.email}> {int(now.timestamp())} +0000\n"
        )

    def _environment(self, draft: Draft | None) -> dict[str, str]:
        nobody = Signature("GitHub", "noreply@github.com")
        who = draft or Draft("", nobody, nobody)
        now = self._clock()
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_DIR": str(self.directory),
            "GIT_AUTHOR_NAME": who.author.name,
            "GIT_AUTHOR_EMAIL": who.author.email,
            "GIT_AUTHOR_DATE": f"@{int((who.authored_at or now).timestamp())} +0000",
            "GIT_COMMITTER_NAME": who.committer.name,
            "GIT_COMMITTER_EMAIL": who.committer.email,
            "GIT_COMMITTER_DATE": f"@{int(now.timestamp())} +0000",
        }

    async def _spawn(
        self, arguments: tuple[str, ...], stdin: bytes, draft: Draft | None
    ) -> _Answer:
        """Run git, unless it has said already what there is to say of these very commits."""
        memory = self._said_within if arguments[0] in _READS_WITHIN else self._said
        if arguments in memory:
            return memory[arguments]
        answer = await self._answer(arguments, stdin, draft)
        if _never_changes(arguments, answer):
            if len(memory) >= _MOST_REMEMBERED:
                memory.clear()
            memory[arguments] = answer
        return answer

    async def _answer(self, arguments: Sequence[str], stdin: bytes, draft: Draft | None) -> _Answer:
        process = await asyncio.create_subprocess_exec(
            "git",
            *arguments,
            cwd=self.directory,
            env=self._environment(draft),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            output, errors = await process.communicate(stdin)
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
        return process.returncode or 0, output, errors


def _never_changes(arguments: Sequence[str], answer: _Answer) -> bool:
    """Answer whether that was read of nothing but commits, by their whole names."""
    command, *others = arguments
    status, output, errors = answer
    words = others[: others.index("--")] if "--" in others else others
    named = [each for each in words if not each.startswith("-") and each != "blob"]
    by_name = bool(named) and all(map(_COMMITS.fullmatch, named))
    lasts = not status or _NO_SUCH_FILE in errors
    reads = command in _READS | _READS_WITHIN and "--branches" not in words
    return reads and by_name and lasts and len(output) < _LONGEST_REMEMBERED


def _check_path(path: str) -> None:
    parts = PurePosixPath(path).parts
    odd = not parts or path != "/".join(parts) or {"..", ".git", "/"} & set(parts)
    if odd or any(ord(letter) < 32 or letter == '"' for letter in path):
        raise GitHubRefused(f"{path!r} cannot be the path of a file in a repository.")


def _commit_command(reference: str, parent: str | None, people: str, message: str) -> bytes:
    words = message.encode()
    head = f"commit {reference}\nmark :1\n{people}data {len(words)}\n".encode()
    return head + words + (f"\nfrom {parent}\n" if parent else "\n").encode()


def _answers_command(reference: str, parent: str | None) -> bytes:
    before = f'ls {parent} ""\n' if parent else ""
    return f'get-mark :1\nls :1 ""\n{before}reset {reference}\nfrom {NOWHERE}\n'.encode()


def _file_commands(changes: Changes, modes: Mapping[str, str]) -> bytes:
    script = []
    for path, content in changes.items():
        if content is None:
            if path not in modes:
                raise GitHubRefused(f"{path} cannot be deleted: there is no such file.")
            script.append(f"D {path}\n".encode())
        else:
            data = content.encode() if isinstance(content, str) else content
            mode = "100755" if isinstance(content, Executable) else modes.get(path, "100644")
            script += [f"M {mode} inline {path}\ndata {len(data)}\n".encode(), data, b"\n"]
    return b"".join(script)
