"""Durable steps a second, of whoever runs ten-step workflows; the standard library is enough."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

STEPS = 10


class Watch:
    """How long each durable step took, in seconds, as its workflow saw it."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    @contextmanager
    def step(self) -> Iterator[None]:
        """Time one step."""
        began = time.perf_counter()
        yield
        self.seconds.append(time.perf_counter() - began)


async def rate(
    workflow: Callable[[int], Awaitable[object]], watch: Watch, concurrency: int, seconds: float
) -> dict[str, float]:
    """Run ten-step workflows for about `seconds`, so many at once, after a short warming up.

    Answers durable steps a second, and the median and the 99th percentile of a step in ms.
    """
    numbers = iter(range(10_000_000))

    async def until(deadline: float) -> int:
        done = 0
        while time.perf_counter() < deadline:
            await workflow(next(numbers))
            done += 1
        return done

    async def all_until(deadline: float) -> int:
        return sum(await asyncio.gather(*(until(deadline) for _ in range(concurrency))))

    await all_until(time.perf_counter() + seconds / 5)
    watch.seconds.clear()
    began = time.perf_counter()
    done = await all_until(began + seconds)
    return {
        "steps/s": done * STEPS / (time.perf_counter() - began),
        "p50 ms": 1e3 * quantile(watch.seconds, 0.5),
        "p99 ms": 1e3 * quantile(watch.seconds, 0.99),
    }


def quantile(values: Sequence[float], share: float) -> float:
    """Answer the value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
