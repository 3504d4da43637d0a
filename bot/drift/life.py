"""The life of a drift: from the first look that found it to the end of its issue. Decisions alone.

| phase | the issue | it ends when |
|---|---|---|
| detected | there is none yet | it is found once more in a row: open; or not: forgotten |
| open | open | a look finds nothing: resolved |
| acknowledged | open, or closed by hand | the drift changes, or its time is over: open |
| ignored | closed | there are differences that nobody accepted: open |
| resolved | closed, with "clean since" | it comes back: open again, or a new issue later |
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.drift.finding import Found

OFTEN = 3
WITHIN = timedelta(days=1)
"""A drift that was opened again so often within so long is flapping."""

CALM_LOOKS = 6
"""One that flaps is resolved when so many looks in a row found nothing."""


class Phase(StrEnum):
    """Where a drift is in its life."""

    DETECTED = "detected"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    IGNORED = "ignored"
    RESOLVED = "resolved"


class Turn(StrEnum):
    """What a look, or somebody's act, came to."""

    NOTHING = "nothing"
    OPENED = "opened"
    REOPENED = "reopened"
    CHANGED = "changed"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Rules:
    """How often drift is found before it is told, and how soon it is the same one again."""

    detections: int = 2
    reopen_within: timedelta = timedelta(days=14)


@dataclass(frozen=True)
class Life:
    """A drift as it stands.

    `number` tells its issues apart, where there was more than one. `detections` are in a row.
    `clean_looks` are in a row, while it is still open. `hidden`: its issue was closed by hand.
    """

    phase: Phase
    found: Found
    found_at: datetime
    number: int = 1
    detections: int = 1
    opened_at: datetime | None = None
    changed_at: datetime | None = None
    resolved_at: datetime | None = None
    reopened: tuple[datetime, ...] = ()
    clean_looks: int = 0
    hidden: bool = False
    until: datetime | None = None
    by: str | None = None
    reason: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it drifts, as far as is known, and was told."""
        return self.phase in {Phase.OPEN, Phase.ACKNOWLEDGED}

    @property
    def issue_is_open(self) -> bool:
        """Whether its issue should be open."""
        return self.is_open and not self.hidden

    def flaps(self, now: datetime) -> bool:
        """Whether it comes and goes, so that being clean once tells little."""
        return sum(now - at < WITHIN for at in self.reopened) >= OFTEN


def looked(
    life: Life | None, found: Found, rules: Rules, now: datetime
) -> tuple[Life | None, Turn]:
    """Answer how a drift stands after a look, and what that came to."""
    if not found.differences:
        return _clean(life, now)
    if life is None:
        life = Life(Phase.DETECTED, found, now, detections=0)
    if life.is_open:
        return _still(life, found, now)
    return _again(replace(life, detections=life.detections + 1), found, rules, now)


def acknowledged(life: Life, by: str, reason: str | None, until: datetime | None) -> Life:
    """Answer an open drift of which somebody says that it is known."""
    return replace(life, phase=Phase.ACKNOWLEDGED, by=by, reason=reason, until=until)


def closed_by_hand(life: Life, by: str) -> Life:
    """Answer a drift whose issue somebody closed: it is known until it changes."""
    return replace(acknowledged(life, by, None, None), hidden=True) if life.is_open else life


def opened_by_hand(life: Life, now: datetime) -> Life:
    """Answer a drift whose issue somebody opened again: it counts, until a look says otherwise."""
    opened = life.opened_at or now
    return replace(_told(life), phase=Phase.OPEN, opened_at=opened, resolved_at=None)


def ignored(life: Life, by: str, reason: str | None) -> Life:
    """Answer a drift whose differences somebody accepts as they are."""
    return replace(
        life, phase=Phase.IGNORED, by=by, reason=reason, until=None, detections=0, hidden=False
    )


def _clean(life: Life | None, now: datetime) -> tuple[Life | None, Turn]:
    if life is None or life.phase is Phase.DETECTED:
        # Forgotten, unless it had an issue before: that one may be opened again.
        return None, Turn.NOTHING
    if not life.is_open:
        return replace(life, detections=0), Turn.NOTHING
    looks = life.clean_looks + 1
    if life.flaps(now) and looks < CALM_LOOKS:
        return replace(life, clean_looks=looks), Turn.NOTHING
    settled = _told(replace(life, phase=Phase.RESOLVED, resolved_at=now, detections=0))
    return settled, Turn.RESOLVED


def _still(life: Life, found: Found, now: datetime) -> tuple[Life, Turn]:
    changed = found.digest != life.found.digest
    over = life.until is not None and life.until <= now
    life = replace(life, found=found, detections=life.detections + 1, clean_looks=0)
    if changed or over:
        life = replace(life, changed_at=now)
    if life.phase is Phase.OPEN:
        return life, Turn.CHANGED if changed else Turn.NOTHING
    if not changed and not over:
        return life, Turn.NOTHING
    turn = Turn.REOPENED if life.hidden else Turn.CHANGED
    return replace(_told(life), phase=Phase.OPEN), turn


def _again(life: Life, found: Found, rules: Rules, now: datetime) -> tuple[Life, Turn]:
    """Answer one that is not open, and was found once more."""
    if life.detections < rules.detections:
        return replace(life, found=found) if life.phase is Phase.DETECTED else life, Turn.NOTHING
    opened = replace(_told(life), phase=Phase.OPEN, found=found, changed_at=now, clean_looks=0)
    if life.phase is Phase.DETECTED:
        return replace(opened, opened_at=now), Turn.OPENED
    since = life.resolved_at
    if since is not None and now - since > rules.reopen_within:
        new = replace(opened, number=life.number + 1, found_at=now, opened_at=now, reopened=())
        return replace(new, resolved_at=None), Turn.OPENED
    lately = tuple(at for at in life.reopened if now - at < WITHIN)
    return replace(opened, reopened=(*lately, now), resolved_at=None), Turn.REOPENED


def _told(life: Life) -> Life:
    """Answer a drift of which nobody has said anything yet."""
    return replace(life, by=None, reason=None, until=None, hidden=False)
