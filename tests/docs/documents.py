"""The documents of the repository, taken apart: their code, their tables, what they name."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
CONTRIBUTING = ROOT / ".github" / "CONTRIBUTING.md"
GUIDE = ROOT / ".github" / "guide.md"
DECISIONS = sorted((ROOT / ".github" / "decisions").glob("*.md"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    language: str
    code: str
    in_a_quote: bool


@dataclass(frozen=True)
class Document:
    """A Markdown file."""

    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def _tokens(self) -> list[Token]:
        return MarkdownIt("commonmark").enable("table").parse(self.text)

    @property
    def blocks(self) -> list[Block]:
        """All blocks of code, in their order."""
        found, depth = [], 0
        for token in self._tokens:
            depth += (token.type == "blockquote_open") - (token.type == "blockquote_close")
            if token.type == "fence":
                found.append(Block(token.info, token.content, depth > 0))
        return found

    def code(self, language: str) -> list[str]:
        """Answer the document's own blocks in a language."""
        mine = (block for block in self.blocks if not block.in_a_quote)
        return [block.code for block in mine if block.language == language]

    def table(self, first_heading: str) -> list[list[str]]:
        """Answer the rows of the table whose first column carries that heading, as plain text."""
        (table,) = (rows for rows in self._tables() if rows[0][0] == first_heading)
        return table[1:]

    def _tables(self) -> Iterator[list[list[str]]]:
        rows: list[list[str]] = []
        for token, following in zip(self._tokens, [*self._tokens[1:], None], strict=True):
            if token.type == "table_open":
                rows = []
            elif token.type == "tr_open":
                rows.append([])
            elif token.type in {"th_open", "td_open"} and following is not None:
                rows[-1].append(following.content.replace("`", ""))
            elif token.type == "table_close":
                yield rows

    @property
    def quote(self) -> str:
        """What stands in block quotes, without their marks."""
        lines = (line for line in self.text.splitlines() if line.startswith(">"))
        return "\n".join(line.removeprefix(">").removeprefix(" ") for line in lines)

    @property
    def spans(self) -> list[str]:
        """All code that stands inside sentences."""
        return [token.content for token in self._inline() if token.type == "code_inline"]

    @property
    def links(self) -> list[str]:
        """The targets of all links and pictures."""
        found = (token.attrGet("href") or token.attrGet("src") for token in self._inline())
        return [str(target) for target in found if target]

    @property
    def anchors(self) -> set[str]:
        """The names under which GitHub links to the headings."""
        headings = re.findall(r"^#+ (.+)$", self.text, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}

    @property
    def commands(self) -> list[list[str]]:
        """Every command line that a reader is shown, split into words."""
        lines = [line for code in self.code("bash") for line in code.splitlines()]
        return [shlex.split(line) for line in [*lines, *self.spans] if _is_command(line)]

    def _inline(self) -> Iterator[Token]:
        for token in self._tokens:
            yield from token.children or ()


def _is_command(line: str) -> bool:
    return line.partition(" ")[0] in {"make", "orbits"} and " " in line


DOCUMENTS = [Document(path) for path in (README, GUIDE, CONTRIBUTING, *DECISIONS)]
