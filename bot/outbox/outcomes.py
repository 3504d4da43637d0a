"""How a notice stands after its turn: decided from what it was, and from what GitHub answered."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.outbox.patience import PASSING_WAIT, may_be_done, next_try
from bot.outbox.rendering import Draft, Rendered
from bot.store.tables import Notice


@dataclass(frozen=True)
class Outcome:
    """How a notice stands, and since when.

    `done`: nothing is left to do until there is something new to say, as it was told or was
    `given_up`. `rests_until`: before that nothing is written, but what is awaited; after a failure
    not even that. `taken`: GitHub took a write.
    """

    at: datetime
    number: int | None
    digest: str | None
    done: bool = True
    taken: bool = False
    final: bool = False
    given_up: bool = False
    underway: bool = False
    attempts: int = 0
    problem: str | None = None
    rests_until: datetime | None = None


@dataclass(frozen=True)
class Failure:
    """Why a turn failed, of something that is tried up to `refusals` times where it is refused.

    `began`: a write had gone out.
    """

    error: Exception
    refusals: int
    began: bool


def no_news(draft: Draft, now: datetime) -> Outcome:
    """GitHub has the words already, or there are none."""
    row = draft.row
    return Outcome(now, row.number, row.digest, final=draft.rendered.final)


def told(rendered: Rendered, number: int | None, now: datetime) -> Outcome:
    """GitHub took the words."""
    final = rendered.final
    rests_until = None if final else now + rendered.debounce
    return Outcome(now, number, rendered.digest, taken=True, final=final, rests_until=rests_until)


def nothing_there(rendered: Rendered, now: datetime) -> Outcome:
    """It is not there, nor is it to be made for these words."""
    return Outcome(now, None, None, final=rendered.final)


def made(number: int, now: datetime) -> Outcome:
    """It is there, and says nothing yet."""
    return Outcome(now, number, None, done=False, taken=True)


def limited(row: Notice, now: datetime, *, began: bool) -> Outcome:
    """GitHub limits the account, and did nothing."""
    return Outcome(
        now,
        row.number,
        row.digest,
        done=False,
        underway=row.underway and not began,
        attempts=row.attempts,
        problem=row.problem,
        rests_until=row.not_before,
    )


def failed(row: Notice, failure: Failure, now: datetime) -> Outcome:
    """GitHub did not take it, or nobody knows whether it did."""
    wait = next_try(failure.error, row.attempts + 1, failure.refusals)
    return Outcome(
        now,
        row.number,
        row.digest,
        done=wait is None,
        given_up=wait is None,
        underway=may_be_done(failure.error) if failure.began else row.underway,
        attempts=row.attempts + 1,
        problem=str(failure.error),
        rests_until=now + (PASSING_WAIT if wait is None else wait),
    )


def gone(row: Notice, failure: Failure, now: datetime) -> Outcome:
    """Somebody deleted what was to be changed: it is made anew, the first time at once."""
    outcome = failed(row, failure, now)
    again_at = outcome.rests_until if row.attempts else None
    return replace(outcome, number=None, digest=None, rests_until=again_at)
