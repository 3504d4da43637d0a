"""What a step printed and the store does not have yet: masked, storable, and within bounds."""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from resources.masking import MaskedStream, Masks

_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
"""What PostgreSQL or UTF-8 has no place for."""


@dataclass(frozen=True)
class Bounds:
    """How much of what steps print is kept, in characters, and how long it may wait for a write.

    Of a step that prints more than `largest`, the first half of that and the last half are
    kept. `held` is how much may wait for the store in memory, of all steps together.
    """

    largest: int = 1_000_000
    piece: int = 8_000
    held: int = 50_000_000
    flush_every: timedelta = timedelta(seconds=1)


@dataclass(slots=True)
class Piece:
    """Text that becomes one row, and when the first of it was printed."""

    text: str
    at: datetime


@dataclass(slots=True)
class Room:
    """How many characters wait for the store, of all steps together."""

    most: int
    held: int = 0


class HeldOutput:
    """What one step printed and the store does not have.

    Its beginning may be written as it comes; its end is known, and may be, when it has settled.
    """

    def __init__(self, masks: Masks, room: Room, bounds: Bounds) -> None:
        self._stream = MaskedStream(masks)
        self._room = room
        self._piece = bounds.piece
        self._half = bounds.largest // 2
        self._still_beginning = self._half
        self._writing: list[Piece] = []
        self._pieces: deque[Piece] = deque()
        self._end: deque[Piece] = deque()
        self._end_length = 0
        self._left_out = 0
        self._in_line = False

    @property
    def length(self) -> int:
        """How many characters wait to be written."""
        return sum(len(piece.text) for piece in chain(self._writing, self._pieces, self._end))

    @property
    def full(self) -> bool:
        """Whether there is a whole piece to be written."""
        return len(self._pieces) > 1 or any(len(p.text) == self._piece for p in self._pieces)

    def take(self, text: str, at: datetime) -> None:
        """Hold what was printed."""
        self._hold(self._stream.take(text), at)

    def settle(self, at: datetime) -> None:
        """Note that no more comes, so that the end may be written."""
        self._hold(self._stream.flush(), at)
        if self._left_out:
            line = f"[{self._left_out:,} characters are left out here]\n"
            self._append(self._pieces, f"\n{line}" if self._in_line else line, at)
        self._pieces += self._end
        self._end.clear()

    def begin_writing(self) -> Sequence[Piece]:
        """Answer what is to be written now; what was not written the last time comes first."""
        self._writing += self._pieces
        self._pieces.clear()
        return self._writing

    def written(self) -> None:
        """Let go of what is in the store."""
        self._room.held -= sum(len(piece.text) for piece in self._writing)
        self._writing = []

    def _hold(self, text: str, at: datetime) -> None:
        text = _NOT_STORABLE.sub("\ufffd", text)
        for start in range(0, len(text), self._piece):
            piece = text[start : start + self._piece]
            room = max(0, min(self._still_beginning, self._room.most - self._room.held))
            beginning, rest = piece[:room], piece[room:]
            if beginning:
                self._still_beginning -= len(beginning)
                self._in_line = not beginning.endswith("\n")
                self._append(self._pieces, beginning, at)
            if rest:
                self._still_beginning = 0
                self._hold_end(rest, at)

    def _hold_end(self, text: str, at: datetime) -> None:
        self._append(self._end, text, at)
        self._end_length += len(text)
        too_much = max(self._end_length - self._half, self._room.held - self._room.most)
        while too_much > 0 and self._end:
            first = self._end[0]
            forgotten = min(too_much, len(first.text))
            first.text = first.text[forgotten:]
            if not first.text:
                self._end.popleft()
            too_much -= forgotten
            self._end_length -= forgotten
            self._left_out += forgotten
            self._room.held -= forgotten

    def _append(self, pieces: deque[Piece], text: str, at: datetime) -> None:
        self._room.held += len(text)
        if pieces and len(pieces[-1].text) + len(text) <= self._piece:
            pieces[-1].text += text
        else:
            pieces.append(Piece(text, at))
