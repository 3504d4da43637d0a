"""DBOS on the same ten steps, in an environment of its own; its control plane is not used."""

import asyncio
from importlib import import_module
from typing import Any

from tests.bench.pace import STEPS, Watch, rate

QUIET = {"log_level": "ERROR", "console_log_level": "ERROR", "enable_otlp": False}


def dbos_rate(url: str, concurrency: int, seconds: float) -> dict[str, float]:
    """Answer DBOS' durable steps a second, and its step's latency."""
    return asyncio.run(_rate(url, concurrency, seconds))


async def _rate(url: str, concurrency: int, seconds: float) -> dict[str, float]:
    dbos: Any = import_module("dbos").DBOS
    watch = Watch()

    async def nothing() -> None:
        """Do nothing, durably."""

    step = dbos.step()(nothing)

    async def ten_steps(number: int) -> None:
        for _ in range(STEPS):
            with watch.step():
                await step()

    workflow = dbos.workflow()(ten_steps)
    dbos(config={"name": "bench", "system_database_url": url, **QUIET})
    dbos.launch()
    try:
        return await rate(workflow, watch, concurrency, seconds)
    finally:
        dbos.destroy()
