"""Who may write to GitHub next, and when: decisions on times alone.

GitHub allows an account eighty writes that create content in a minute and five hundred in an
hour, one at a time and a second apart.
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from bot.github.failures import WITHOUT_WORD

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LONGEST_SILENCE = timedelta(minutes=32)


class Rank(IntEnum):
    """How much somebody waits for it; the lower one goes first."""

    ANSWER = 0
    TURN = 1
    """It ended, or stopped, or needs somebody."""
    PROGRESS = 2


@dataclass(frozen=True)
class Pace:
    """How fast an account is written to.

    Progress leaves the last `kept_for_turns` writes of an hour to what is more important.
    Between two words about the same, at least `per_tenant` goes by for each tenant of it. Where a
    process ended in the middle of a write, GitHub `settles` before it is looked up what it did.
    """

    between: timedelta = timedelta(seconds=1)
    per_minute: int = 80
    per_hour: int = 500
    kept_for_turns: int = 100
    per_tenant: timedelta = timedelta(milliseconds=50)
    settles: timedelta = timedelta(seconds=5)

    def debounce(self, tenants: int, elapsed: timedelta) -> timedelta:
        """Answer how long something with so many tenants rests after it told its progress.

        That is a quarter of the time that it has taken so far, within bounds that grow with
        it: what goes on for long needs no more words than what is over soon.
        """
        least = self.per_tenant * tenants
        return min(max(least, elapsed / 4), 20 * least)


class Waiting(NamedTuple):
    """Something to be told, and when it was told last."""

    key: str
    rank: Rank
    told_at: datetime | None


class Turn(NamedTuple):
    """Whose turn it is, and from when on."""

    key: str
    at: datetime


def earliest(times: Sequence[datetime], rank: Rank, pace: Pace) -> datetime | None:
    """Answer when one of this rank may be written at the earliest; `None`: at any time.

    `times` are those of the account's writes in the last hour, the oldest first.
    """
    spare = pace.kept_for_turns if rank is Rank.PROGRESS else 0
    bounds = (
        (1, pace.between),
        (pace.per_minute, MINUTE),
        (max(1, pace.per_hour - spare), HOUR),
    )
    return max((times[-most] + span for most, span in bounds if len(times) >= most), default=None)


def next_turn(
    waiting: Iterable[Waiting], times: Sequence[datetime], now: datetime, pace: Pace
) -> Turn | None:
    """Answer whose turn it is: of those who may go soonest the most awaited, told longest ago."""
    soonest = {rank: max(now, earliest(times, rank, pace) or now) for rank in Rank}
    first = min(
        waiting,
        key=lambda one: (soonest[one.rank], one.rank, _told(one.told_at), one.key),
        default=None,
    )
    return first and Turn(first.key, soonest[first.rank])


def silence(asked: timedelta, limits: int) -> timedelta:
    """Answer for how long to be silent when GitHub limits us for the so-manieth time in a row.

    Where it says for how long, that is obeyed; where it does not, the pause doubles.
    """
    if asked != WITHOUT_WORD:
        return asked
    return min(asked * (1 << min(limits - 1, 10)), LONGEST_SILENCE)


def _told(at: datetime | None) -> float:
    return at.timestamp() if at else 0.0
