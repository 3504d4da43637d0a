"""Whom a merge reaches, in which waves, and who is meant by a selector, over many tenants.

Each figure stands beside the time that it may take. It is the time of the processor: nothing is
waited for, and what others do on the machine takes no part.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from bot.rollouts.affected import Change, TenantFacts, affected_by
from bot.rollouts.moves import Care, HeldBy, Kept, moves_of
from bot.rollouts.policy.reading import read_policy
from bot.rollouts.selectors import parse_selector, select
from resources.fleet import Service
from tests.bench.measuring import Measured, Part, Row, Sample, any_failed, in_turn
from tests.bench.stores import Store

MOST_MS = {1_000: 50, 10_000: 500}
ROUNDS = 7
COLUMNS = {
    "tenants": ",d",
    "affected_by ms": ".1f",
    "moves_of ms": ".1f",
    "select ms": ".1f",
    "together ms": ".1f",
    "at most ms": "d",
    "of the limit": ".2f",
}
SERVICES = (
    Service("backend", "agency/platform", paths=("services/backend/**", "!**/*.md")),
    Service("worker", "agency/platform", paths=("services/worker/**", "!**/*.md")),
    Service("site", "agency/site"),
)
CHANGE = Change(
    "agency/platform",
    "main",
    tuple(f"services/{name}/src/file-{n}.py" for n in range(50) for name in ("backend", "worker")),
)
POLICY = read_policy("""
[rollout]
waves = ["ring:canary", "10%", "50%", "rest"]
bake = "10m"
failure_limit = "5%"

[[freezes]]
name = "the shops' christmas"
zone = "Europe/Berlin"
from = "2026-12-20T18:00"
until = "2027-01-02T08:00"
tenants = "tag:retail"

[[freezes]]
name = "nights"
zone = "America/New_York"
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
from = "20:00"
until = "06:00"
tenants = "ring:early tag:retail"
""")
NOW = datetime(2026, 12, 24, 12, tzinfo=UTC)
SELECTOR = parse_selector(
    "tenant-* ring:canary ring:early tag:retail tag:vip !tenant-000?7 !tag:bank"
)


def parts(*_: Store) -> Iterator[Part]:
    """Measure with each number of tenants; no database takes part."""
    rows: list[Row] = []
    failed = False
    for count, limit in MOST_MS.items():
        measured = in_turn({"all": _measuring(count)}, ROUNDS)
        failed = failed or any_failed(measured)
        rows.append(_row(count, limit, measured["all"]))
    yield Part("Whom a merge reaches, and when they go", COLUMNS, rows, failed)


def _row(count: int, limit: int, measured: Measured) -> Row:
    took = {name: measured.median(name) for name in COLUMNS if name.endswith(" ms")}
    together = took["together ms"]
    return {
        **took,
        "tenants": measured.problem or count,
        "at most ms": limit,
        "of the limit": None if together is None else together / limit,
    }


def _measuring(count: int) -> Callable[[], Sample]:
    tenants = [_tenant(number) for number in range(count)]
    names = [tenant.name for tenant in tenants[::50]]
    kept = tuple(Kept(name, "backend", HeldBy.HOLD, "is held by maya") for name in names)
    return lambda: _round(tenants, Care(POLICY, NOW, kept))


def _tenant(number: int) -> TenantFacts:
    """Every third in retail, every tenth in an early ring, every seventh on a branch of its own."""
    return TenantFacts(
        name=f"tenant-{number:05}",
        tags=frozenset({"retail"} if number % 3 == 0 else {"bank", "vip"}),
        services=frozenset({"backend", "site"}) if number % 4 == 0 else None,
        ring={0: "canary", 1: "early"}.get(number % 10, "all"),
        branches={"backend": "next"} if number % 7 == 0 else {},
    )


def _round(tenants: list[TenantFacts], care: Care) -> Sample:
    began = time.process_time()
    reached = affected_by(CHANGE, SERVICES, tenants).tenants
    known = time.process_time()
    targets = {name: dict.fromkeys(services, "a" * 40) for name, services in reached.items()}
    moves_of(targets, tenants, care)
    moved = time.process_time()
    select(SELECTOR, tenants)
    ended = time.process_time()
    return {
        "affected_by ms": 1e3 * (known - began),
        "moves_of ms": 1e3 * (moved - known),
        "select ms": 1e3 * (ended - moved),
        "together ms": 1e3 * (ended - began),
    }
