"""A script's output on its way: passed on as text, its end kept, its size counted."""

import codecs
from collections import deque
from collections.abc import Callable

from resources.executors.script import ScriptResult


class BoundedOutput:
    """Takes bytes in pieces of any size, and never holds more than `kept` and a piece.

    A character whose bytes come in two pieces is passed on whole; what is not UTF-8 becomes U+FFFD.
    """

    def __init__(self, kept: int, on_output: Callable[[str], None]) -> None:
        self._kept = kept
        self._on_output = on_output
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._total = 0

    def take(self, piece: bytes) -> None:
        """Pass a piece on, and forget what is no longer part of the end."""
        self._total += len(piece)
        self._held += len(piece)
        self._pieces.append(piece)
        while self._held - len(self._pieces[0]) >= self._kept:
            self._held -= len(self._pieces.popleft())
        self._pass_on(self._decoder.decode(piece))

    @property
    def total(self) -> int:
        """How many bytes there were."""
        return self._total

    def miss(self, until: int) -> None:
        """Count what comes no more, because it was heard before: all before byte `until`."""
        self._total = max(self._total, until)

    def result(self) -> ScriptResult:
        """Pass on what was left of a character, and answer what is known of the whole."""
        self._pass_on(self._decoder.decode(b"", final=True))
        end = b"".join(self._pieces)[-self._kept :]
        if self._total > len(end):
            end = _from_a_character(end)
        return ScriptResult(
            output=end.decode(errors="replace"),
            total_bytes=self._total,
            cut_bytes=self._total - len(end),
        )

    def _pass_on(self, text: str) -> None:
        if text:
            self._on_output(text)


def _from_a_character(end: bytes) -> bytes:
    """Answer `end` without the rest of a character that was cut in two."""
    for start in range(min(4, len(end))):
        if end[start] & 0xC0 != 0x80:
            return end[start:]
    return end
