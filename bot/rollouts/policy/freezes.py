"""When a tenant is left as it is because of the time, and until when.

A freeze goes by the clocks of its zone. Where these skip a time in spring, it counts as the
moment in which they do; of a time that they show twice in autumn, a freeze begins at the first
and ends at the second. So a freeze is never shorter than its words.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from heapq import merge
from itertools import takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.report.suggestions import in_code
from bot.rollouts.affected import TenantFacts
from bot.rollouts.policy.matching import reached, reaches
from bot.rollouts.policy.policy import Policy
from bot.rollouts.policy.tables import Freeze, OnceFreeze
from bot.rollouts.policy.times import DAYS

FORESIGHT = timedelta(days=400)
"""How far ahead the end of a freeze is looked for."""

_DAY = timedelta(days=1)


class Span(NamedTuple):
    """A block of time, in UTC: its first moment, and the first one after it."""

    begins: datetime
    ends: datetime


def freeze_at(policy: Policy, tenant: TenantFacts, moment: datetime) -> Freeze | None:
    """Answer the first freeze of the file that holds for a tenant at an aware moment."""
    return frozen_at(policy, [tenant], moment).get(tenant.name)


def frozen_at(
    policy: Policy, tenants: Iterable[TenantFacts], moment: datetime
) -> Mapping[str, Freeze]:
    """Answer the frozen ones of many tenants by name, each with the first freeze that holds."""
    everyone, moment = tuple(tenants), moment.astimezone(UTC)
    found: dict[str, Freeze] = {}
    for freeze in policy.freezes:
        span = next(_next_spans(freeze, moment), None)
        if span is not None and span.begins <= moment:
            for tenant in reached(freeze.tenants, everyone):
                found.setdefault(tenant.name, freeze)
    return found


def frozen_until(policy: Policy, tenant: TenantFacts, moment: datetime) -> datetime | None:
    """Answer the first moment in which no freeze holds for a tenant, in UTC; it may be this one.

    Freezes that overlap, or of which one begins as another ends, count as one. The answer is
    `None` where that goes on for more than 400 days.
    """
    freezes = tuple(each for each in policy.freezes if reaches(each.tenants, tenant))
    return _over_at(freezes, moment.astimezone(UTC))


@lru_cache(maxsize=256)
def _over_at(freezes: tuple[Freeze, ...], moment: datetime) -> datetime | None:
    """Answer when none of these holds any more; many tenants share them."""
    end = moment
    for span in merge(*(_next_spans(freeze, moment) for freeze in freezes)):
        if span.begins > end:
            break
        end = max(end, span.ends)
    return end if end - moment <= FORESIGHT else None


def why_frozen(freeze: Freeze, until: datetime | None) -> str:
    """Say in a few words which freeze it is, and when its zone's clocks show the end."""
    if until is None:
        return f"frozen by {in_code(freeze.name)} for more than {FORESIGHT.days} days"
    shown = until.astimezone(freeze.zone)
    return f"frozen by {in_code(freeze.name)} until {shown:%Y-%m-%d %H:%M} ({freeze.zone.key})"


def _next_spans(freeze: Freeze, moment: datetime) -> Iterator[Span]:
    """Answer the blocks of a freeze that are not over at a moment, in order, as far as foreseen."""
    horizon = moment + FORESIGHT
    spans = takewhile(lambda span: span.begins <= horizon, _spans(freeze, moment))
    return (span for span in spans if span.begins < span.ends and moment < span.ends)


def _spans(freeze: Freeze, moment: datetime) -> Iterator[Span]:
    if isinstance(freeze, OnceFreeze):
        yield _span(freeze.begins, freeze.ends, freeze.zone)
        return
    # What began the day before may still go on, and clocks were once set by a whole day.
    date = moment.astimezone(freeze.zone).date() - 3 * _DAY
    while True:
        if DAYS[date.weekday()] in freeze.days:
            last = date if freeze.ends > freeze.begins else date + _DAY
            begins = datetime.combine(date, freeze.begins)
            yield _span(begins, datetime.combine(last, freeze.ends), freeze.zone)
        date += _DAY


def _span(begins: datetime, ends: datetime, zone: ZoneInfo) -> Span:
    return Span(_in_utc(begins, zone, fold=0), _in_utc(ends, zone, fold=1))


def _in_utc(shown: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    """Answer when clocks show a time, the first (`fold` 0) or second time, or when they skip it."""
    moment = shown.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == shown:
        return moment
    # PEP 495: in a gap, fold 1 goes by the clocks after it, which is a moment before it.
    before = shown.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = shown.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).replace(tzinfo=None) < shown:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
