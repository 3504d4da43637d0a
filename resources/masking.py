"""Secrets taken out of text, in every form in which programs print them."""

import json
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple
from urllib.parse import quote, quote_plus

from resources.errors import OrbitsError

MASK = "[masked]"

SHORTEST = 4
"""Of fewer characters a value is ignored: `no`, `443` or `eu` stand in so many texts that masking
them would make these unreadable, and where the masks are would tell the value."""

PASSING = 1_000
"""So many values that end by themselves are masked: more would make masking slower and slower."""

SHORTEST_LINE = 6
SHORTEST_EMBEDDED = 8
_QUOTED = re.compile(r"%[0-9A-F]{2}")


class _Heads(NamedTuple):
    """The first characters of all forms: to be found, and what of them may end a text."""

    pattern: re.Pattern[str]
    beginnings: frozenset[str]


class SecretNotStorable(OrbitsError):
    """What is to be stored holds a secret that this process has revealed."""


class Masks:
    """The secret values that a process has seen, and how to take them out of a text.

    A value is also found as base64 (alone, or in the base64 of something longer), as a part of
    a URL and as a JSON string, and by each of its lines. Not found are values of fewer than
    four characters, compressed or encrypted ones, and base64 that is broken into lines.
    """

    def __init__(self) -> None:
        self._lasting: set[str] = set()
        # The oldest first.
        self._passing: dict[str, None] = {}
        # How many values have a form: it is masked for as long as one of them is.
        self._users: Counter[str] = Counter()
        # By their first characters, and of these the longest first; other threads read them.
        self._forms: dict[str, tuple[str, ...]] = {}
        self._heads: _Heads | None = None
        self._longest = 0

    def add(self, value: str, *, passing: bool = False) -> None:
        """Mask `value` from now on; one that is too short, or part of the mask, is ignored.

        A `passing` one is worth nothing after a while: of these the newest thousand are masked.
        """
        if value in self._lasting:
            return
        is_new = value not in self._passing
        self._passing.pop(value, None)
        if passing:
            self._passing[value] = None
        else:
            self._lasting.add(value)
        if is_new:
            self._take_up(value)
        if len(self._passing) > PASSING:
            self._let_go(next(iter(self._passing)))

    def mask(self, text: str) -> str:
        """Answer the text with `[masked]` wherever a secret stands in it."""
        if not self._forms:
            return text
        return self.mask_until(text, len(text), 0)[0]

    def demand_none_in(self, text: str, what: str) -> str:
        """Answer `text`; raises `SecretNotStorable` where it holds a secret."""
        if self.mask(text) != text:
            raise SecretNotStorable(
                f"{what} holds a secret that this process revealed, and is not stored. Use a "
                "reference to it, such as the name under which it is kept."
            )
        return text

    def mask_until(self, text: str, end: int, masked: int) -> tuple[str, int]:
        """Mask the text before `end`, of which `masked` characters are masked already.

        Secrets that overlap become one mask. Answers also how many characters from `end` on
        belong to a mask that is in the answer.
        """
        parts: list[str] = []
        reached = masked
        for start, stop in self._found(text, end):
            if start >= reached:
                parts += text[reached:start], MASK
            reached = max(reached, stop)
        parts.append(text[reached:end])
        return "".join(parts), max(0, reached - end)

    def decided(self, text: str) -> int:
        """Answer where the end of the text begins that more text could make a secret of."""
        if not self._forms:
            return len(text)
        near = max(0, len(text) - self._longest + 1)
        for start in self._heads_in(text, near, len(text)):
            rest = text[start:]
            forms = self._forms.get(rest[:SHORTEST], ())
            if any(len(form) > len(rest) and form.startswith(rest) for form in forms):
                return start
        beginnings = self._heads_now().beginnings
        for start in range(max(near, len(text) - SHORTEST + 1), len(text)):
            if text[start:] in beginnings:
                return start
        return len(text)

    def _take_up(self, value: str) -> None:
        for form in forms_of(value):
            self._users[form] += 1
            known = self._forms.get(form[:SHORTEST], ())
            if form in known:
                continue
            self._forms[form[:SHORTEST]] = tuple(sorted((*known, form), key=len, reverse=True))
            self._longest = max(self._longest, len(form))
            if not known:
                self._heads = None

    def _let_go(self, value: str) -> None:
        del self._passing[value]
        for form in forms_of(value):
            self._users[form] -= 1
            if self._users[form]:
                continue
            del self._users[form]
            left = tuple(other for other in self._forms[form[:SHORTEST]] if other != form)
            if left:
                self._forms[form[:SHORTEST]] = left
            else:
                del self._forms[form[:SHORTEST]]
                self._heads = None

    def _found(self, text: str, end: int) -> Iterator[tuple[int, int]]:
        """Find the longest secret at every place before `end` where there is one."""
        for start in self._heads_in(text, 0, end):
            for form in self._forms.get(text[start : start + SHORTEST], ()):
                if text.startswith(form, start):
                    yield start, start + len(form)
                    break

    def _heads_in(self, text: str, start: int, end: int) -> Iterator[int]:
        """Find the places from `start` and before `end` where a form may begin."""
        if not self._forms:
            return
        pattern = self._heads_now().pattern
        found = pattern.search(text, start)
        while found and found.start() < end:
            yield found.start()
            found = pattern.search(text, found.start() + 1)

    def _heads_now(self) -> "_Heads":
        heads = self._heads
        if heads is None:
            heads = self._heads = _heads_of(sorted(self._forms))
        return heads


class MaskedStream:
    """Text that comes in pieces of any cut, masked as if it had come in one.

    It holds back what could be the beginning of a secret, less than the longest form.
    """

    def __init__(self, masks: Masks) -> None:
        self._masks = masks
        self._held = ""
        self._masked = 0

    def take(self, piece: str) -> str:
        """Answer what can be told after this piece."""
        return self._tell(self._held + piece, whole=False)

    def flush(self) -> str:
        """Answer what was held back; what comes after is a new text."""
        return self._tell(self._held, whole=True)

    def _tell(self, text: str, *, whole: bool) -> str:
        end = len(text) if whole else self._masks.decided(text)
        told, masked = self._masks.mask_until(text, end, self._masked)
        self._held, self._masked = text[end:], 0 if whole else masked
        return told


def forms_of(value: str) -> set[str]:
    """Answer the texts in which a value may be printed; none where it is not to be masked."""
    bare = value.strip()
    if len(bare) < SHORTEST or bare in MASK:
        return set()
    lines = {line.strip() for line in value.splitlines()}
    forms = {line for line in lines if len(line) >= SHORTEST_LINE}
    for text in {value, bare}:
        forms |= {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
        forms |= _in_urls(text)
        forms |= _in_base64(text.encode(errors="surrogatepass"))
    return {form for form in forms if form not in MASK}


def _in_urls(text: str) -> set[str]:
    raw = text.encode(errors="surrogatepass")
    # The last one is how JavaScript does it.
    quoted = {quote(raw), quote(raw, safe=""), quote_plus(raw), quote(raw, safe="!'()*~")}
    return quoted | {_QUOTED.sub(lambda found: found[0].lower(), form) for form in quoted}


def _in_base64(raw: bytes) -> set[str]:
    alone = b64encode(raw).decode()
    forms = {alone, alone.rstrip("=")}
    for before in range(3):
        # Six bits make a character: those of `raw` alone are the same whatever stands around it.
        first, last = -(-8 * before // 6), 8 * (before + len(raw)) // 6
        middle = b64encode(bytes(before) + raw).decode()[first:last]
        if len(middle) >= SHORTEST_EMBEDDED:
            forms.add(middle)
    return forms | {form.translate(str.maketrans("+/", "-_")) for form in forms}


def _heads_of(words: Sequence[str]) -> _Heads:
    beginnings = {word[:length] for word in words for length in range(1, SHORTEST)}
    return _Heads(re.compile(_any_of(words)), frozenset(beginnings))


def _any_of(words: Sequence[str]) -> str:
    """Answer a pattern of sorted words of one length, which shares their beginnings."""
    if len(words) == 1:
        return re.escape(words[0])
    branches = [
        re.escape(first) + _any_of([word[1:] for word in group])
        for first, group in groupby(words, itemgetter(0))
    ]
    return f"(?:{'|'.join(branches)})"
