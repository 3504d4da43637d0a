"""A deployment that is retried by hand, long after: it must not take a tenant back."""

import pytest
from sqlmodel import Session, col, select

from bot.engine.control.control import Control
from bot.engine.polling import Polling
from bot.states import State
from bot.store.tables import Run
from tests.stories.world import World

OF_ACME = select(Run).where(col(Run.identity) == "deployment-acme").order_by(col(Run.id).desc())


def last_of_acme(session: Session) -> Run | None:
    return session.exec(OF_ACME).first()


@pytest.mark.thorough
async def test_a_deployment_that_is_retried_takes_back_nothing_newer(world: World) -> None:
    database = world.process.parts.database
    control = Control(database, world.clock, Polling(database))
    await world.merges({"src/app.py": "VERSION = 1\n"})
    await world.settles()
    before = world.stored(last_of_acme)
    with world.busy("acme"):
        await world.merges({"src/app.py": "VERSION = 2\n"})
        await world.until(lambda session: last_of_acme(session) != before)
        cut_off = world.stored(last_of_acme)
        assert cut_off is not None
        await world.until(lambda session: session.get_one(Run, cut_off.id).state is State.RUNNING)
        await control.cancel(cut_off.id, "maya")
        await world.until(lambda session: session.get_one(Run, cut_off.id).state.terminal)
    await world.settles()
    newer = await world.merges({"src/app.py": "VERSION = 3\n"})
    await world.settles()

    await control.retry(cut_off.id, "maya")
    await world.until(lambda session: session.get_one(Run, cut_off.id).state.terminal)

    assert world.revisions("backend")["acme"] == newer.sha
    failure = world.stored(lambda session: session.get_one(Run, cut_off.id).failure)
    assert failure is not None
    assert f"acme has backend {newer.short} meanwhile, which a newer merge brought" in failure
