"""How a command of a resource is carried out: shared, alone on its identity, skipped if done.

The same command of the same identity with the same arguments is one run for all who ask for
it while it goes on. Another one waits its turn, and every run of an identity holds its lock.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.engine.happenings import RunBegan, RunEnded
from bot.engine.kinds import Wanted
from bot.engine.locks import IdentityLocks, Node, WaitGraph
from bot.engine.outcomes import Outcome
from bot.engine.rows import Begun, End, StepRow
from bot.engine.scope import LiveRun, RunScope, Surroundings
from bot.engine.values import BRINGING_ABOUT, command_result_type
from bot.states import State
from bot.store.tables import Recorded
from resources.errors import HookNotDefined, NoWayBack
from resources.model.resource import Resource

CHANGING = BRINGING_ABOUT | {"uninstall"}

Taking = Callable[[], Awaitable[Begun | None]]
"""Takes the run that is to be carried out, once its identity is held; `None`: somebody has it."""


@dataclass(frozen=True)
class Order:
    """A resource's command to be carried out, and how to get hold of its run.

    `parent` and `row` are the step that asks for it, remembered in one stroke with its end.
    """

    resource: Resource
    wanted: Wanted
    take: Taking
    force: bool
    parent: RunScope | None = None
    row: StepRow | None = None


@dataclass(eq=False)
class _Shared:
    """A run that goes on in this process, and how many wait for it."""

    node: Node
    task: "asyncio.Task[Outcome]"
    waiters: int = 0


class Commands:
    """The commands of resources that go on in this process."""

    def __init__(self, around: Surroundings, locks: IdentityLocks, graph: WaitGraph) -> None:
        self._around = around
        self._locks = locks
        self._graph = graph
        self._live: dict[tuple[str, str, str], _Shared] = {}

    async def as_step(
        self, parent: RunScope, row: StepRow, resource: Resource, wanted: Wanted, *, force: bool
    ) -> Outcome:
        """Carry the command out as a step of `parent`, or join the equal one that goes on."""

        async def take() -> Begun:
            changes = wanted.command in CHANGING
            now = self._around.clock.now()
            return await self._around.journal.begin(wanted, parent.run.begun, now, changes=changes)

        joins = wanted.key in self._live
        shared = self._shared(Order(resource, wanted, take, force, parent, row))
        with self._graph.waiting(parent.run.node, shared.node):
            outcome = await _waited_for(shared)
        if joins or outcome.state is State.SKIPPED:
            await parent.remember(row, outcome)
        else:
            parent.tell_step(row.name, outcome.state)
        return outcome

    async def as_root(self, order: Order) -> Outcome:
        """Carry out a run of its own that waits in the store."""
        return await _waited_for(self._shared(order))

    def _shared(self, order: Order) -> _Shared:
        key = order.wanted.key
        if key not in self._live:
            node = Node(f"{order.wanted.identity} ({order.wanted.command})")
            task = asyncio.create_task(self._carry_out(node, order), name=node.name)
            self._live[key] = _Shared(node, task)
            task.add_done_callback(lambda _: self._live.pop(key, None))
        return self._live[key]

    async def _carry_out(self, node: Node, order: Order) -> Outcome:
        wanted = order.wanted
        async with self._locks.holding(wanted.identity, wanted.key, node):
            recorded = await self._around.journal.recorded(wanted.identity)
            skipped = await _skipped(order, recorded)
            if skipped is not None and order.parent is not None:
                return skipped
            begun = await order.take()
            if begun is None:
                return Outcome(State.CANCELLED)
            run = LiveRun(begun, wanted.identity, node, _last_good(recorded))
            self._around.tell(
                RunBegan(run.run_id, run.identity, wanted.command, resumed=bool(begun.memory))
            )
            outcome = skipped or await self._perform(run, order, recorded)
            await self._end(run, order, outcome)
            return outcome

    async def _perform(self, run: LiveRun, order: Order, recorded: Recorded | None) -> Outcome:
        scope = RunScope(run, self._around, self)
        bound = order.resource.bound_to(scope)
        # What fails outside a step of its own is known by the name that its author gave it.
        asked, step = (order.parent, order.row.name) if order.parent and order.row else (None, "")
        return await scope.outcome_of(
            lambda: _hooks(bound, order.wanted, recorded),
            lambda: command_result_type(order.resource, order.wanted.command),
            lambda error: (asked or scope).failed(error, step or order.wanted.command),
        )

    async def _end(self, run: LiveRun, order: Order, outcome: Outcome) -> None:
        at = self._around.clock.now()
        wanted = order.wanted
        succeeded = outcome.state is State.SUCCEEDED
        records = succeeded and wanted.command in BRINGING_ABOUT
        await self._around.journal.end(
            End(
                grip=run.begun.grip,
                outcome=outcome,
                at=at,
                record=_record(run, order, outcome, at) if records else None,
                forget=wanted.identity if succeeded and wanted.command == "uninstall" else None,
                parent=(order.parent.run.begun.grip, order.row.ended(outcome, at))
                if order.parent is not None and order.row is not None
                else None,
            )
        )
        self._around.tell(RunEnded(run.run_id, run.identity, wanted.command, outcome))


async def _waited_for(shared: _Shared) -> Outcome:
    """Answer the shared run's outcome; when nobody waits for it any more, it is ended."""
    shared.waiters += 1
    try:
        return await asyncio.shield(shared.task)
    finally:
        shared.waiters -= 1
        if shared.waiters == 0 and not shared.task.done():
            shared.task.cancel()
            await asyncio.wait([shared.task])


async def _skipped(order: Order, recorded: Recorded | None) -> Outcome | None:
    """Answer the recorded output where what is wanted holds already."""
    up_to_date = (
        not order.force
        and order.wanted.command in {"update", "rollback"}
        and recorded is not None
        and recorded.settled
        and recorded.fingerprint == order.wanted.fingerprint
    )
    if recorded is None or not up_to_date or not await order.resource.intact():
        return None
    return Outcome(State.SKIPPED, recorded.output)


def _last_good(recorded: Recorded | None) -> dict[str, Any] | None:
    return json.loads(recorded.arguments) if recorded and recorded.arguments else None


async def _hooks(resource: Resource, wanted: Wanted, recorded: Recorded | None) -> Any:
    """Call the hooks that the command is made of, and answer its result."""
    match wanted.command:
        case "update":
            await _install_and_update(resource, wanted, recorded)
        case "install":
            await resource.define_install()
        case "rollback":
            await _roll_back(resource, recorded)
        case command:
            return await _own_command(resource, command)()
    return await resource.output()


async def _install_and_update(
    resource: Resource, wanted: Wanted, recorded: Recorded | None
) -> None:
    new = recorded is None or recorded.installed_version != resource.version
    updates, installs = resource.defines("update"), resource.defines("install")
    same_arguments = recorded is None or recorded.fingerprint in {None, wanted.fingerprint}
    if installs and (new or (same_arguments and not updates)):
        await resource.define_install()
        if not updates:
            return
    await resource.define_update()


async def _roll_back(resource: Resource, recorded: Recorded | None) -> None:
    if recorded is None or recorded.arguments is None:
        raise NoWayBack(
            f"{resource.identity()} cannot be rolled back: it was never brought about with "
            "success, so there is nothing to go back to. Nothing was changed."
        )
    if not (resource.defines("rollback") or resource.defines("update")):
        raise NoWayBack(
            f"{resource.identity()} cannot be rolled back: its class {type(resource).__name__} "
            "defines no `define_rollback` and no `define_update`. Nothing was changed."
        )
    await resource.define_rollback()


def _own_command(resource: Resource, command: str) -> Callable[[], Awaitable[Any]]:
    hook: Callable[[], Awaitable[Any]] | None = getattr(resource, f"define_{command}", None)
    if hook is None:
        known = sorted(
            name.removeprefix("define_") for name in dir(resource) if name.startswith("define_")
        )
        raise HookNotDefined(
            f"{resource.identity()} knows no command `{command}`; it knows {', '.join(known)}. "
            "Nothing was changed."
        )
    return hook


def _record(run: LiveRun, order: Order, outcome: Outcome, at: datetime) -> dict[str, Any]:
    wanted = order.wanted
    return {
        "identity": wanted.identity,
        "kind": wanted.kind,
        "installed_version": order.resource.version,
        "fingerprint": wanted.fingerprint,
        "arguments": wanted.arguments,
        "output": outcome.result,
        "settled": True,
        "run_id": run.run_id,
        "updated_at": at,
    }
