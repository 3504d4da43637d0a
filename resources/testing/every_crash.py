"""A process that dies at every step in turn: what comes of it must not depend on that."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from resources.model.definition import Definition
from resources.testing.crash import Crashed, CrashPoint, Moment
from resources.testing.journal import Wanted
from resources.testing.rehearsal import Rehearsal


async def every_crash(
    new_world: Callable[[], Rehearsal], definition: Definition, command: str | None = None
) -> AsyncIterator[Rehearsal]:
    """Do `definition` once undisturbed, and then again and again, with a crash at each step.

        async for world in every_crash(Rehearsal, Site(tenant="acme")):
            assert page.read_text() == "Hello, acme!"

    Each time the process dies before, in or after another step, nested ones included, and a second
    one goes on. `new_world` makes a rehearsal, and puts back what stacks change outside of it. The
    worlds come when all is done, for the test to look at; raises `AssertionError` where the
    result, or what was recorded, is not as without the crash.
    """
    undisturbed = new_world()
    result = await undisturbed.do(definition, command=command)
    for point in _points(undisturbed, Wanted.of(definition, command)):
        world = new_world()
        getattr(world, f"crash_{point.moment}")(point.step, point.identity)
        found = await _crashed_and_resumed(world, definition, command)
        _demand_same(point, "the result", found, result)
        for identity in {**undisturbed.records, **world.records}:
            pair = world.records.get(identity), undisturbed.records.get(identity)
            _demand_same(point, f"what is recorded of {identity}", *pair)
        yield world


async def _crashed_and_resumed(
    world: Rehearsal, definition: Definition, command: str | None
) -> Any:
    try:
        await world.do(definition, command=command)
    except Crashed:
        return await world.resume()
    raise AssertionError("a rehearsal that was to crash did not")


def _points(world: Rehearsal, wanted: Wanted) -> list[CrashPoint]:
    steps = dict.fromkeys((end.identity, end.step) for end in world.steps)
    points = [CrashPoint(moment, step, identity) for identity, step in steps for moment in Moment]
    # At the end of all, before that is written down.
    return [*points, CrashPoint(Moment.IN, wanted.command, wanted.identity)]


def _demand_same(point: CrashPoint, what: str, found: Any, undisturbed: Any) -> None:
    if found != undisturbed:
        raise AssertionError(
            f"With a crash {point}, {what} is {found!r}; without it, {undisturbed!r}. What the "
            "step did twice, or the code read from the world outside a step, made the difference."
        )
