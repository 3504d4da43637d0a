"""A worker is woken at once, and what rings while it works is not lost."""

import asyncio
from datetime import timedelta

from bot.alarm import Alarm


async def test_a_ring_during_a_round_leads_to_another() -> None:
    alarm = Alarm(every=timedelta(hours=1))
    rounds = alarm.rounds()
    await anext(rounds)
    alarm.ring()
    async with asyncio.timeout(5):
        await anext(rounds)


async def test_without_a_ring_it_looks_now_and_then() -> None:
    alarm = Alarm(every=timedelta(milliseconds=1))
    rounds = alarm.rounds()
    async with asyncio.timeout(5):
        await anext(rounds)
        await anext(rounds)


async def test_many_rings_are_one_round() -> None:
    alarm = Alarm(every=timedelta(milliseconds=20))
    rounds = alarm.rounds()
    await anext(rounds)
    for _ in range(5):
        alarm.ring()
    await anext(rounds)
    waited = asyncio.ensure_future(anext(rounds))
    await asyncio.sleep(0)
    assert not waited.done()
    waited.cancel()
