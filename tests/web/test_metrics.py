"""What Prometheus is told, and that it is told of nobody by name."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlmodel import Session
from starlette.applications import Starlette

from bot.drift.life import Phase
from bot.engine.identifiers import new_id
from bot.metrics import exposition
from bot.store.database import Database
from bot.store.tables import Delivery, Drift, Notice, Tenant, Watch
from bot.store.tallies import tally
from bot.web.health import health_routes

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def prometheus(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who asks the bot every now and then."""
    routes = health_routes(database, lambda: "working", lambda _: {}, lambda s: exposition(s, NOW))
    transport = httpx.ASGITransport(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot.test") as client:
        yield client


async def told(prometheus: httpx.AsyncClient) -> dict[str, float]:
    answer = await prometheus.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def test_a_bot_that_has_done_nothing_yet_says_zero_of_everything(
    prometheus: httpx.AsyncClient,
) -> None:
    said = await told(prometheus)
    assert set(said.values()) == {0}
    assert {name.partition("{")[0] for name in said} == {
        "orbits_cycles_late",
        "orbits_cycles_total",
        "orbits_cycles_unable",
        "orbits_deliveries_waiting",
        "orbits_drift_open",
        "orbits_notices_untold",
        "orbits_notices_written_total",
        "orbits_recovered_total",
        "orbits_rollouts",
        "orbits_runs",
        "orbits_tenants",
    }


def drift(tenant: str, opened_at: datetime, phase: Phase = Phase.OPEN) -> Drift:
    return Drift(
        tenant=tenant,
        repository="agency/site",
        phase=phase,
        found_at=opened_at,
        opened_at=opened_at,
    )


async def test_cycles_are_told_by_what_they_came_to_and_drift_by_its_age(
    database: Database, prometheus: httpx.AsyncClient
) -> None:
    def watched(session: Session) -> None:
        for outcome in ("clean", "clean", "drift", "unable"):
            tally(session, f"cycle/{outcome}")
        session.add_all([Tenant(name=name, created_at=NOW) for name in ("acme", "globex", "wayne")])
        session.add(Watch(tenant="acme", due_at=NOW - HOUR))
        session.add(Watch(tenant="globex", due_at=NOW + HOUR, unable_since=NOW))
        session.add(drift("acme", NOW - HOUR / 2))
        session.add(drift("globex", NOW - 30 * HOUR, Phase.ACKNOWLEDGED))
        session.add(drift("wayne", NOW - 30 * HOUR, Phase.RESOLVED))

    await database.write(watched)
    said = await told(prometheus)

    assert said['orbits_cycles_total{outcome="clean"}'] == 2
    assert said['orbits_cycles_total{outcome="drift"}'] == 1
    assert said['orbits_cycles_total{outcome="unable"}'] == 1
    assert (said["orbits_cycles_late"], said["orbits_cycles_unable"]) == (1, 1)
    assert said['orbits_drift_open{age="under an hour"}'] == 1
    assert said['orbits_drift_open{age="under a week"}'] == 1
    assert said["orbits_tenants"] == 3


def notice(account: str) -> Notice:
    return Notice(key=new_id(NOW), account=account, kind="any", target={}, rank=1)


async def test_what_could_not_be_said_is_told_by_where_it_should_have_been_said(
    database: Database, prometheus: httpx.AsyncClient
) -> None:
    def waiting(session: Session) -> None:
        tally(session, "written/slack")
        tried = notice("slack/deploys")
        tried.attempts = 3
        given_up = notice("slack/deploys")
        given_up.due, given_up.given_up = False, True
        put_off = notice("agency")
        put_off.not_before = NOW + HOUR
        session.add_all([tried, given_up, put_off])
        session.add(Delivery(guid="1", event="push", payload=b"secret-of-acme", received_at=NOW))

    await database.write(waiting)
    said = await told(prometheus)

    assert said['orbits_notices_written_total{to="slack"}'] == 1
    assert said['orbits_notices_untold{how="delayed",to="slack"}'] == 1
    assert said['orbits_notices_untold{how="given up",to="slack"}'] == 1
    assert said['orbits_notices_untold{how="delayed",to="github"}'] == 1
    assert said["orbits_deliveries_waiting"] == 1
    assert not any("acme" in name or "deploys" in name for name in said)


async def test_a_database_that_does_not_answer_is_no_zero(
    database: Database, prometheus: httpx.AsyncClient
) -> None:
    await database.write(lambda s: s.connection().exec_driver_sql("DROP TABLE tally"))
    answer = await prometheus.get("/metrics")
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "the database does not answer"},
    )
