"""`orbits runs`, `status`, `logs`, and what people do to runs: for people and for machines."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import chain
from typing import TypeVar

from rich.table import Table

from bot.cli.acts.tables import print_table
from bot.cli.acts.typist import who_types
from bot.engine.clock import SystemClock
from bot.engine.control.control import Control
from bot.engine.control.forgetting import is_called
from bot.engine.control.intervention import Answer, RunNotFound, moment
from bot.engine.control.status import HolderStatus, RunLine, RunStatus
from bot.engine.identifiers import short
from bot.engine.logs.step_log import printed_by
from bot.parts import dispatch_of
from bot.settings import StoreSettings, read_settings
from bot.states import State
from bot.store import schema
from bot.store.database import Database
from bot.store.tables import Printed

T = TypeVar("T")

LOOK_AGAIN_SECONDS = 0.5


def print_runs(state: State | None, identity: str | None, limit: int, *, as_json: bool) -> None:
    """Print runs, the newest first."""
    lines = _with_control(lambda control: control.runs(state, identity, limit))
    if as_json:
        json.dump([line.model_dump(mode="json") for line in lines], sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    table = Table("Run", "Identity", "Command", "State", "Since (UTC)")
    for line in lines:
        since = f"{line.since:%Y-%m-%d %H:%M:%S}"
        table.add_row(short(line.run), line.identity, line.command, line.state_words, since)
    print_table(table)


def print_status(what: str, *, as_json: bool) -> None:
    """Print how far a run has come, or who works on an identity; raises `RunNotFound`."""
    status = _with_control(lambda control: _status(control, what))
    if as_json:
        sys.stdout.write(status.model_dump_json(indent=2) + "\n")
    elif isinstance(status, HolderStatus):
        sys.stdout.write(f"{status.words}\n")
    else:
        _print_run(status)


def print_logs(what: str, step: str | None, *, follow: bool) -> None:
    """Print what a run and all that is nested in it printed, and go on until it has ended.

    Of an identity it is the run that works on it, or did so last; raises `RunNotFound`.
    """

    async def print_all(database: Database, control: Control) -> None:
        printed, run = False, await _run_of(control, what)
        async for heading, text in _printed(database, control, run, step, follow=follow):
            sys.stdout.write((f"{heading}\n" if heading else "") + text)
            sys.stdout.flush()
            printed = True
        if not printed:
            sys.stderr.write("Nothing was printed.\n")

    asyncio.run(_opened_and(print_all))


def cancel(run: str, reason: str) -> None:
    """End a run; raises `Refused`."""
    _act(lambda control: control.cancel(run, who_types(), reason))


def pause(run: str) -> None:
    """Let a run begin no further step; raises `Refused`."""
    _act(lambda control: control.pause(run, who_types()))


def resume(run: str) -> None:
    """Let a paused run go on; raises `Refused`."""
    _act(lambda control: control.resume(run, who_types()))


def retry(run: str, from_step: str | None) -> None:
    """Let a run that failed go on; raises `Refused`."""
    _act(lambda control: control.retry(run, who_types(), from_step))


def skip(run: str, step: str | None, result: str | None) -> None:
    """Let a run, or a failed step of it, count as done; raises `Refused`."""
    _act(lambda control: control.skip(run, who_types(), step, result))


def approve(run: str, name: str | None, payload: str, *, ahead: bool) -> None:
    """Tell a run what it waits for; raises `Refused`."""
    _act(lambda control: control.signal(run, name, payload, who_types(), force=ahead))


def control_of(database: Database, settings: StoreSettings) -> Control:
    """Answer how this process acts on the runs of a database, whoever works on them."""
    dispatch = dispatch_of(database, settings)
    return Control(database, SystemClock(), dispatch, limits=settings.limits)


def _act(act: Callable[[Control], Awaitable[Answer]]) -> None:
    sys.stdout.write(f"{_with_control(act).words}\n")


def _with_control(work: Callable[[Control], Awaitable[T]]) -> T:
    return asyncio.run(_opened_and(lambda _, control: work(control)))


async def _opened_and(work: Callable[[Database, Control], Awaitable[T]]) -> T:
    settings = read_settings(StoreSettings)
    database = Database(settings.database_url)
    schema.upgrade(database.engine)
    async with database:
        return await work(database, control_of(database, settings))


async def _status(control: Control, what: str) -> RunStatus | HolderStatus:
    try:
        return await control.status(what)
    except RunNotFound:
        return await _holder(control, what)


async def _run_of(control: Control, what: str) -> str:
    """Answer a run that was named, or the one of an identity; raises `RunNotFound`."""
    try:
        return (await control.family(what))[0].run
    except RunNotFound:
        status = await _holder(control, what)
    known = [status.holder, status.last, *status.line]
    for line in known:
        if line is not None:
            return line.run
    raise RunNotFound(
        f"None of the runs that worked on `{what}` is kept any more, and so is nothing that they "
        "printed."
    )


async def _holder(control: Control, what: str) -> HolderStatus:
    with contextlib.suppress(RunNotFound):
        return await control.holder(what)
    raise RunNotFound(
        f"There is no run `{what}`, and no run has worked on an identity of that name; `orbits "
        "runs` lists those that there are."
    )


def _print_run(run: RunStatus) -> None:
    sys.stdout.write(f"{run.words}: {run.state_words} since {moment(run.since)}\n")
    if run.cancelled_by and run.state not in {State.SUCCEEDED, State.FAILED}:
        sys.stdout.write(f"  ended by {run.cancelled_by}\n")
    if run.owner is not None:
        heard = moment(run.owner.heartbeat_at)
        sys.stdout.write(f"  on {run.owner.host}, process {run.owner.pid}, heard of at {heard}\n")
    for wait in run.waits:
        sys.stdout.write(f"  waits {wait.words}\n")
    if run.problem:
        sys.stdout.write(f"  {run.problem}\n")
    if run.steps:
        table = Table("Step", "State", "Took")
        for step in run.steps:
            table.add_row(step.name, step.state, _duration(step.seconds))
        print_table(table)
    for child in run.children:
        sys.stdout.write("\n")
        _print_run(child)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


async def _printed(
    database: Database, control: Control, run: str, step: str | None, *, follow: bool
) -> AsyncIterator[tuple[str, str]]:
    """Yield what is printed, with a heading where another step begins to print."""
    seen: dict[str, int] = {}
    last, ends_line = "", True
    while True:
        family = await control.family(run, step)
        named = {line.run: line.identity for line in family}
        for piece in await _pieces(database, family, step, seen):
            heading = f"[{named[piece.run_id]} {piece.step}".rstrip() + "]"
            yield (("" if ends_line else "\n") + heading) if heading != last else "", piece.text
            last, ends_line = heading, piece.text.endswith("\n")
        # What it printed is written before its end is.
        if not follow or family[0].state.terminal:
            return
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def _pieces(
    database: Database, family: list[RunLine], step: str | None, seen: dict[str, int]
) -> list[Printed]:
    """Answer what was printed since it was `seen` last, in the order of time."""
    found = []
    for line in family:
        while some := await printed_by(database, line.run, after=seen.get(line.run, 0)):
            seen[line.run] = some[-1].number
            own = step is not None and line is family[0]
            found.append([one for one in some if not own or _is_of(one.step, step or "")])
    return sorted(chain.from_iterable(found), key=lambda piece: piece.at)


def _is_of(printed: str, step: str) -> bool:
    return is_called(printed, step) or printed.startswith(f"{step}/")
