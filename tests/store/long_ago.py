"""Rows of what happened long ago: runs with what belongs to them, rollouts and deliveries."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import SQLModel

from bot.states import LIVE, State
from bot.store.tables import Delivery, Place, Printed, Rollout, Run, Step

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
MONTH = timedelta(days=30)
LONG_AGO = NOW - timedelta(days=31)
LATELY = NOW - timedelta(days=29)


def run(
    id_: str,
    *,
    root: str | None = None,
    parent: str | None = None,
    state: State = State.SUCCEEDED,
    at: datetime | None = LONG_AGO,
) -> Run:
    """A run; one that is live has not finished."""
    values: dict[str, Any] = dict.fromkeys(("identity", "command", "kind", "fingerprint"), id_)
    return Run(
        id=id_,
        root_id=root or id_,
        parent_id=parent or root,
        arguments="{}",
        state=state,
        created_at=LONG_AGO,
        finished_at=None if state in LIVE else at,
        **values,
    )


def step(run_id: str, name: str = "migrate") -> Step:
    return Step(
        run_id=run_id,
        name=name,
        kind="action",
        fingerprint="",
        state=State.SUCCEEDED,
        started_at=LONG_AGO,
        finished_at=LONG_AGO,
    )


def printed(run_id: str, number: int = 1) -> Printed:
    return Printed(run_id=run_id, step="migrate", number=number, text="text", at=LONG_AGO)


def rollout(id_: str, run_id: str | None, state: State) -> Rollout:
    return Rollout(
        id=id_,
        number=sum(id_.encode()),
        key=id_,
        repository="agency/backend",
        branch="main",
        sha=id_,
        pull_request=1,
        title="",
        author="maya",
        asked_by="maya",
        url="",
        state=state,
        run_id=run_id,
        created_at=LONG_AGO,
    )


def delivery(guid: str, state: State, handled_at: datetime | None) -> Delivery:
    return Delivery(
        guid=guid,
        event="push",
        payload=b"{}",
        state=state,
        received_at=LONG_AGO,
        handled_at=handled_at,
    )


def fleet(name: str, tenants: int = 3, **how: Any) -> Iterator[SQLModel]:
    """A rollout's run, which handed a deployment of each tenant to the queue, with nested runs."""
    yield run(name, **how)
    yield step(name)
    for tenant in range(tenants):
        stack = f"{name}-{tenant}"
        yield run(stack, parent=name)
        yield Place(run_id=stack, lane=f"tenant:{tenant}", most=1)
        for part in ("database", "service"):
            nested = f"{stack}-{part}"
            yield run(nested, root=stack, parent=stack)
            yield from (step(nested, f"step {number}") for number in range(3))
            yield from (printed(nested, number) for number in range(2))
