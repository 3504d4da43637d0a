"""What Prometheus is told: counts of what the store holds, and no name of anybody.

https://prometheus.io/docs/practices/naming/
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.drift.life import Phase
from bot.outbox.accounts import way_of
from bot.outbox.counts import Count, counts
from bot.recovery.counts import times_recovered
from bot.states import LIVE, State
from bot.store.tables import Delivery, Drift, Rollout, Run, Tenant, Watch
from bot.store.tallies import tallies

_AGES = (
    ("under an hour", timedelta(hours=1)),
    ("under a day", timedelta(days=1)),
    ("under a week", timedelta(weeks=1)),
)
_OLDER = "a week or more"


def exposition(session: Session, now: datetime) -> bytes:
    """Answer all metrics in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Measured(list(_metrics(session, now))))
    return generate_latest(registry)


class _Measured(Collector):
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def _metrics(session: Session, now: datetime) -> Iterator[Metric]:
    yield _gauge("orbits_tenants", "Tenants that are known.", _count(session, Tenant.name))
    yield _gauge(
        "orbits_deliveries_waiting",
        "Deliveries of GitHub's that are taken in and not handled.",
        _count(session, Delivery.guid, col(Delivery.state) == State.QUEUED),
    )
    yield _by(
        CounterMetricFamily("orbits_recovered", "Missed and found later.", labels=["kind"]),
        times_recovered(session),
    )
    runs = select(Run.state, func.count()).where(col(Run.state).in_(LIVE)).group_by(Run.state)
    yield _by(
        GaugeMetricFamily("orbits_runs", "Runs that are not done.", labels=["state"]),
        _counted(LIVE, session.exec(runs)),
    )
    open_ones = (State.QUEUED, State.RUNNING, State.WAITING)
    rollouts = (
        select(Rollout.state, func.count())
        .where(col(Rollout.state).in_(open_ones))
        .group_by(col(Rollout.state))
    )
    yield _by(
        GaugeMetricFamily("orbits_rollouts", "Rollouts that are not done.", labels=["state"]),
        _counted(open_ones, session.exec(rollouts)),
    )
    yield from _of_drift(session, now)
    yield from _of_notices(session, now)


def _of_drift(session: Session, now: datetime) -> Iterator[Metric]:
    cycles = dict.fromkeys(("clean", "drift", "unable", "skipped"), 0) | tallies(session, "cycle")
    yield _by(
        CounterMetricFamily(
            "orbits_cycles", "Looks for drift, by what they came to.", labels=["outcome"]
        ),
        cycles,
    )
    late = (col(Watch.due_at) < now - timedelta(minutes=5)) & col(Watch.underway_since).is_(None)
    yield _gauge(
        "orbits_cycles_late",
        "Tenants who should have been looked at five minutes ago, or earlier.",
        _count(session, Watch.tenant, late),
    )
    yield _gauge(
        "orbits_cycles_unable",
        "Tenants who cannot be looked at, time and again.",
        _count(session, Watch.tenant, col(Watch.unable_since).is_not(None)),
    )
    drifting = select(Drift.opened_at).where(
        col(Drift.phase).in_((Phase.OPEN, Phase.ACKNOWLEDGED)), col(Drift.opened_at).is_not(None)
    )
    ages = dict.fromkeys([*(name for name, _ in _AGES), _OLDER], 0)
    for opened_at in session.exec(drifting):
        age = now - opened_at if opened_at else timedelta()
        ages[next((name for name, most in _AGES if age < most), _OLDER)] += 1
    yield _by(
        GaugeMetricFamily("orbits_drift_open", "Open drifts, by their age.", labels=["age"]), ages
    )


def _of_notices(session: Session, now: datetime) -> Iterator[Metric]:
    yield _by(
        CounterMetricFamily("orbits_notices_written", "Writes that were taken.", labels=["to"]),
        {"github": 0} | tallies(session, "written"),
    )
    counted = {"github": Count()}
    for account, count in counts(session, now).items():
        counted[way_of(account)] = counted.get(way_of(account), Count()).plus(count)
    untold = GaugeMetricFamily(
        "orbits_notices_untold", "What could not be said so far.", labels=["to", "how"]
    )
    for way, count in sorted(counted.items()):
        untold.add_metric([way, "delayed"], count.delayed)
        untold.add_metric([way, "given up"], count.given_up)
    yield untold


def _counted(states: Iterable[State], found: Iterable[tuple[str, int]]) -> dict[str, int]:
    return dict.fromkeys(map(str, states), 0) | {str(state): number for state, number in found}


def _count(session: Session, of: object, *where: object) -> int:
    return session.exec(select(func.count(of)).where(*where)).one()  # type: ignore[arg-type]


def _gauge(name: str, says: str, value: int) -> Metric:
    return GaugeMetricFamily(name, says, value=value)


def _by(family: CounterMetricFamily | GaugeMetricFamily, values: Mapping[str, int]) -> Metric:
    for label, value in sorted(values.items()):
        family.add_metric([label], value)
    return family
