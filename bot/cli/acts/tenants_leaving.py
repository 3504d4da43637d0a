"""`orbits tenants uninstall`: what is shown and asked before, and what is told of the end."""

import asyncio
import sys
from functools import partial

import typer

from bot.cli.acts.runs import LOOK_AGAIN_SECONDS, control_of
from bot.cli.acts.typist import who_types
from bot.engine.clock import SystemClock
from bot.engine.control.status import RunStatus
from bot.engine.identifiers import short
from bot.engine.journal.asking import RunQueue
from bot.orders.leaving import COMMAND, NOTHING_STARTED, ask, to_uninstall
from bot.parts import dispatch_of
from bot.report.suggestions import in_code
from bot.rollouts.overview import going_on
from bot.settings import FleetSettings, load_fleet, read_settings
from bot.states import State
from bot.store import schema
from bot.store.database import Database
from resources.errors import OrbitsError, Refused
from resources.fleet import Desired
from resources.model.resource import Resource


def uninstall(name: str, *, yes: str | None, wait: bool) -> None:
    """Ask for the uninstall of what is deployed for a tenant; raises `Refused`.

    What was shown is what is asked for. A worker carries it out; with `wait`, raises `OrbitsError`
    where it fails.
    """
    if yes not in {None, name}:
        raise Refused(
            f"`--yes` names {in_code(str(yes))}, and not {in_code(name)}. {NOTHING_STARTED}"
        )
    asyncio.run(_uninstall(read_settings(FleetSettings), name, agreed=yes == name, wait=wait))


async def _uninstall(settings: FleetSettings, name: str, *, agreed: bool, wait: bool) -> None:
    database = Database(settings.database_url)
    schema.upgrade(database.engine)
    async with database:
        shown = await database.read(partial(to_uninstall, tenant=name))
        goes_on = await database.read(partial(going_on, name=name))
        stack = _stack_of(settings, shown)
        _say(*_outlook(shown, stack, goes_on))
        if not agreed:
            _demand_consent(name)
        queue = RunQueue(dispatch_of(database, settings), settings.limits)
        asked = partial(ask, now=SystemClock().now(), queue=queue, shown=shown, by=who_types())
        run = await database.write(asked)
        _say(
            f"{name} is uninstalled by run {short(run)}, as soon as the bot works and its turn has "
            f"come: `orbits status {short(run)}` and `orbits logs {short(run)} --follow` tell more."
        )
        if wait:
            _say(_told(name, await _ended(database, settings, run)))


def _stack_of(settings: FleetSettings, shown: Desired) -> Resource:
    """Answer the stack that would be uninstalled; raises `Refused` where it cannot be."""
    try:
        stack = load_fleet(settings.stacks).stack(shown)
    except Exception as error:
        raise Refused(
            f"The stack of {shown.tenant} cannot be made: {type(error).__name__}: {error}. "
            f"{NOTHING_STARTED}"
        ) from error
    if not stack.defines(COMMAND):
        raise Refused(
            f"{stack.identity()} cannot be uninstalled: its class {type(stack).__name__} defines "
            f"no `define_uninstall`. {NOTHING_STARTED}"
        )
    return stack


def _outlook(shown: Desired, stack: Resource, goes_on: list[str]) -> list[str]:
    """Say what there is, and what becomes of it."""
    name, kind = shown.tenant, type(stack).__name__
    has = ", ".join(f"{service} {sha[:7]}" for service, sha in sorted(shown.revisions.items()))
    lines = [f"Deployed for {name}, as {stack.identity()}: {has}."]
    if goes_on:
        lines.append(
            f"It is being deployed to just now ({', '.join(goes_on)}): what it has when its turn "
            "has come is removed."
        )
    lines.append(
        f"All that is removed, as `define_uninstall` of {kind} says. Then nothing is recorded as "
        f"deployed for {name}, nobody looks for its drift, and its services are held: no merge "
        f"reaches it until somebody comments `/orbits deploy {name}` or `/orbits unhold {name}`."
    )
    return lines


def _demand_consent(name: str) -> None:
    """Let somebody type the name of who is uninstalled; raises `Refused`."""
    if not sys.stdin.isatty():
        raise Refused(
            f"Nobody can be asked here: to uninstall {name}, type the same with `--yes {name}`. "
            f"{NOTHING_STARTED}"
        )
    typed = typer.prompt(f"To uninstall {name}, type its name", default="", show_default=False)
    if typed.strip() != name:
        raise Refused(f"That is not {in_code(name)}. {NOTHING_STARTED}")


async def _ended(database: Database, settings: FleetSettings, run: str) -> RunStatus:
    """Wait until a run has ended, whoever works on it."""
    control = control_of(database, settings)
    while True:
        status = await control.status(run)
        if status.state.terminal:
            return status
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


def _told(name: str, status: RunStatus) -> str:
    """Say that it is done; raises `OrbitsError` where it is not."""
    if status.state is State.SUCCEEDED:
        return (
            f"Uninstalled {name}: nothing is deployed for it any more. `orbits tenants remove "
            f"{name}` forgets it."
        )
    run = short(status.run)
    why = status.problem or f"Run {run} was {status.state}."
    raise OrbitsError(
        f"{name} is not uninstalled. {why.rstrip()}\n"
        "What is deployed for it stays recorded; no merge reaches it meanwhile, and nobody looks "
        f"for its drift. Mend the cause, then type `orbits retry {run}`: finished steps are not "
        f"run again. To keep {name} instead, comment `/orbits unhold {name}`, and type `orbits "
        f"drift resume {name}`."
    )


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()
