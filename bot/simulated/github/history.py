"""What git tells about commits: their log, their files, their trees."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.simulated.github.git import EMPTY_TREE, Git, Signature

_FIELDS = "%H%x1f%T%x1f%P%x1f%an%x1f%ae%x1f%at%x1f%cn%x1f%ce%x1f%ct%x1f%B"
_STATUSES = {"A": "added", "D": "removed", "M": "modified", "T": "changed", "R": "renamed"}


@dataclass(frozen=True)
class Commit:
    """One commit as git holds it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    authored_at: datetime
    committer: Signature
    committed_at: datetime
    message: str

    @property
    def title(self) -> str:
        """The first line of the message."""
        return self.message.split("\n", 1)[0]

    @property
    def body(self) -> str:
        """The message without its first line."""
        return self.message.partition("\n")[2].strip()


@dataclass(frozen=True)
class ChangedFile:
    """One file that differs between two commits."""

    path: str
    status: str
    blob: str
    additions: int
    deletions: int
    patch: str
    previous_path: str | None = None


@dataclass(frozen=True)
class TreeEntry:
    """A file or a directory in a tree."""

    path: str
    mode: str
    kind: str
    sha: str
    size: int | None


async def log(git: Git, *span: str) -> list[Commit]:
    """Return commits newest first; the span is what `git log` takes, options included."""
    output = await git.run("log", f"--format={_FIELDS}%x1e", *span)
    records = output.decode(errors="replace").split("\x1e")
    return [_commit(record.lstrip("\n")) for record in records if record.strip()]


async def one_commit(git: Git, sha: str) -> Commit:
    """Return one commit."""
    return (await log(git, "--max-count=1", sha))[0]


async def changed_files(git: Git, before: str | None, after: str) -> list[ChangedFile]:
    """Return what differs from one commit (None: nothing at all) to another, in git's order."""
    pair = ("-M", "--full-index", before or EMPTY_TREE, after)
    listing = await git.run("diff-tree", "-r", "--raw", "--numstat", "-z", *pair)
    patches = await git.run("diff-tree", "-r", "-p", *pair)
    return list(_files(listing.decode(errors="replace"), patches.decode(errors="replace")))


async def merge_files(git: Git, commit: Commit) -> list[ChangedFile]:
    """Return what a commit changes against its first parent."""
    return await changed_files(git, commit.parents[0] if commit.parents else None, commit.sha)


async def touched_paths(git: Git, before: str | None, after: str) -> dict[str, list[str]]:
    """Return the paths `added`, `modified` and `removed` between two commits."""
    output = await git.run(
        "diff-tree", "-r", "--no-renames", "--name-status", "-z", before or EMPTY_TREE, after
    )
    words = iter(output.decode(errors="replace").rstrip("\0").split("\0"))
    touched: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    for letter in words:
        if letter:
            name = {"A": "added", "D": "removed"}.get(letter, "modified")
            touched[name].append(next(words))
    return touched


async def tree_entries(git: Git, tree: str, *, recursive: bool) -> list[TreeEntry]:
    """Return what a tree holds; directories are entries of their own, as on GitHub."""
    options = ("-r", "-t") if recursive else ()
    output = await git.run("ls-tree", "-z", "--long", *options, tree)
    entries = []
    for record in filter(None, output.decode(errors="replace").split("\0")):
        facts, path = record.split("\t", 1)
        mode, kind, sha, size = facts.split()
        entries.append(TreeEntry(path, mode, kind, sha, None if size == "-" else int(size)))
    return entries


def _commit(record: str) -> Commit:
    sha, tree, parents, an, ae, at, cn, ce, ct, message = record.split("\x1f", 9)
    return Commit(
        sha=sha,
        tree=tree,
        parents=tuple(parents.split()),
        author=Signature(an, ae),
        authored_at=datetime.fromtimestamp(int(at), UTC),
        committer=Signature(cn, ce),
        committed_at=datetime.fromtimestamp(int(ct), UTC),
        message=message.rstrip("\n"),
    )


def _files(listing: str, patches: str) -> Iterator[ChangedFile]:
    words = iter(listing.rstrip("\0").split("\0"))
    raw: list[tuple[str, str, str, str | None]] = []
    counts: list[tuple[int, int]] = []
    for word in words:
        if word.startswith(":"):
            _, _, old, new, letter = word.split(" ")
            first = next(words)
            path, previous = (next(words), first) if letter[0] == "R" else (first, None)
            raw.append((_STATUSES[letter[0]], old if letter == "D" else new, path, previous))
        elif word:
            added, removed, path = word.split("\t")
            if not path:
                next(words), next(words)
            counts.append((_count(added), _count(removed)))
    hunks = _hunks(patches)
    for (status, blob, path, previous), (added_, removed_), patch in zip(
        raw, counts, hunks, strict=True
    ):
        yield ChangedFile(path, status, blob, added_, removed_, patch, previous)


def _count(word: str) -> int:
    return 0 if word == "-" else int(word)


def _hunks(patches: str) -> list[str]:
    texts = ("\n" + patches).split("\ndiff --git ")[1:]
    starts = ((text, text.find("\n@@ ")) for text in texts)
    return ["" if start < 0 else text[start + 1 :].rstrip("\n") for text, start in starts]
