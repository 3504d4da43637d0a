"""How a command of a resource is carried out: shared, alone on its identity, skipped if done.

The same command of the same identity with the same arguments is one run for all who ask for
it while it goes on. Another one waits its turn, and every run of an identity holds its lock.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import structlog

from bot.engine.happenings import RunBegan, RunEnded
from bot.engine.interruptions import LeaseLost
from bot.engine.kinds import Wanted
from bot.engine.locks import IdentityLocks, Node, WaitGraph
from bot.engine.outcomes import Outcome
from bot.engine.rows import Begun, End, StepRow
from bot.engine.scope import LiveRun, RunScope, Surroundings
from bot.engine.values import BRINGING_ABOUT, NOTHING, ResultNotStorable, command_result_type
from bot.states import State
from bot.store.tables import Recorded, Run
from resources.errors import HookNotDefined, NoWayBack
from resources.model.resource import Resource

log = structlog.get_logger(__name__)

CHANGING = BRINGING_ABOUT | {"uninstall"}

Taking = Callable[[bool], Awaitable[Begun | None]]
"""Takes the run that is to be carried out, once its identity is held; `None`: somebody has it.

It is told whether the run will change the identity.
"""

Forced = Callable[[], Awaitable[bool]]
"""Answers whether what is up to date is to be done as well."""


class Asked(NamedTuple):
    """The step that asks for a run, to be remembered in one stroke with the run's end."""

    by: RunScope
    row: StepRow


@dataclass(frozen=True)
class Order:
    """A resource's command to be carried out, and how to get hold of its run.

    `asked` is `None` for a run of its own, which waits in the store.
    """

    resource: Resource
    wanted: Wanted
    take: Taking
    forced: Forced
    asked: Asked | None = None


@dataclass(eq=False)
class _Shared:
    """A run that goes on in this process, and how many wait for it."""

    node: Node
    task: "asyncio.Task[Outcome]" = field(init=False)
    run_id: str | None = None
    waiters: int = 0


class Commands:
    """The commands of resources that go on in this process."""

    def __init__(self, around: Surroundings, locks: IdentityLocks, graph: WaitGraph) -> None:
        self._around = around
        self._locks = locks
        self._graph = graph
        self._live: dict[tuple[str, str, str], _Shared] = {}
        self._interrupted: dict[str, Run] = {}
        self.closing = False
        """Whether the process ends: what is cancelled then goes on elsewhere."""

    def reserve(self, run: Run) -> None:
        """Keep a run's identity for it, as it was cut off, ahead of everybody else."""
        self._interrupted[run.identity] = run
        self._locks.reserve(run.identity, _key(run))

    def release(self, root_id: str) -> None:
        """Give up what was kept for a root that did not ask for it again."""
        for identity, run in list(self._interrupted.items()):
            if run.root_id == root_id:
                del self._interrupted[identity]
                self._locks.release_reservation(identity, _key(run))

    def active_runs(self) -> list[str]:
        """Answer the runs that go on in this process."""
        return [shared.run_id for shared in self._live.values() if shared.run_id]

    async def as_step(
        self, parent: RunScope, row: StepRow, resource: Resource, wanted: Wanted, *, force: bool
    ) -> Outcome:
        """Carry the command out as a step of `parent`, or join the equal one that goes on."""

        async def take(changes: bool) -> Begun:
            now = self._around.clock.now()
            return await self._around.journal.begin(wanted, parent.run.begun, now, changes=changes)

        async def forced() -> bool:
            return force

        # Who joins a run that was not what is wanted after all asks anew.
        unwanted = {State.CANCELLED, State.SKIPPED} if force else {State.CANCELLED}
        joins, outcome = True, Outcome(State.CANCELLED)
        while joins and outcome.state in unwanted:
            joins = wanted.key in self._live
            shared = self._shared(Order(resource, wanted, take, forced, Asked(parent, row)))
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
            shared = self._live[key] = _Shared(node)
            shared.task = asyncio.create_task(self._carry_out(shared, order), name=node.name)
            shared.task.add_done_callback(lambda _: self._live.pop(key, None))
        return self._live[key]

    async def _carry_out(self, shared: _Shared, order: Order) -> Outcome:
        wanted = order.wanted
        await self._give_up_what_changed(order)
        async with self._locks.holding(wanted.identity, wanted.key, shared.node):
            recorded = await self._around.journal.recorded(wanted.identity)
            skipped = await _skipped(order, recorded)
            if skipped is not None and order.asked is not None:
                return skipped
            changes = skipped is None and wanted.command in CHANGING
            taking = asyncio.ensure_future(order.take(changes))
            try:
                begun = await asyncio.shield(taking)
                if begun is None:
                    return Outcome(State.CANCELLED)
                run = LiveRun(begun, wanted.identity, shared.node, _last_good(recorded))
                shared.run_id = run.run_id
                self._around.tell(
                    RunBegan(run.run_id, run.identity, wanted.command, resumed=bool(begun.memory))
                )
                outcome = skipped or await self._perform(run, order, recorded)
                await self._end(run, order, recorded, outcome)
            except asyncio.CancelledError:
                await self._given_up(taking, order)
                raise
            return outcome

    async def _give_up_what_changed(self, order: Order) -> None:
        """End what was cut off on the identity, where its own root asks for something else now.

        The code has changed since, or another branch came first: nobody will ask for it again
        before this, so waiting for it would never end.
        """
        left = self._interrupted.get(order.wanted.identity)
        if left is None:
            return
        if _key(left) == order.wanted.key:
            del self._interrupted[left.identity]
        elif order.asked is not None and order.asked.by.run.begun.root_id == left.root_id:
            del self._interrupted[left.identity]
            await self._around.journal.cancel(left, self._around.clock.now())
            self._locks.release_reservation(left.identity, _key(left))

    async def _given_up(self, taking: "asyncio.Future[Begun | None]", order: Order) -> None:
        """End a run that nobody waits for any more, so that its identity is free."""
        if self.closing:
            return
        begun = await taking
        if begun is None:
            return
        outcome = Outcome(State.CANCELLED)
        with contextlib.suppress(LeaseLost):
            await self._around.journal.end(End(begun.grip, outcome, self._around.clock.now()))
        wanted = order.wanted
        self._around.tell(RunEnded(begun.grip.run_id, wanted.identity, wanted.command, outcome))

    async def _perform(self, run: LiveRun, order: Order, recorded: Recorded | None) -> Outcome:
        scope = RunScope(run, self._around, self)
        bound = order.resource.bound_to(scope)
        # What fails outside a step of its own is known by the name that its author gave it.
        by, name = scope, order.wanted.command
        if order.asked is not None:
            by, name = order.asked.by, order.asked.row.name
        return await scope.outcome_of(
            lambda: _hooks(bound, order.wanted, recorded),
            lambda: command_result_type(order.resource, order.wanted.command),
            lambda error: by.failed(error, name),
        )

    async def _end(
        self, run: LiveRun, order: Order, recorded: Recorded | None, outcome: Outcome
    ) -> None:
        at = self._around.clock.now()
        wanted = order.wanted
        succeeded = outcome.state is State.SUCCEEDED
        records = succeeded and wanted.command in BRINGING_ABOUT
        await self._around.journal.end(
            End(
                grip=run.begun.grip,
                outcome=outcome,
                at=at,
                record=_record(run, order, recorded, outcome, at) if records else None,
                forget=wanted.identity if succeeded and wanted.command == "uninstall" else None,
                parent=order.asked
                and (order.asked.by.run.begun.grip, order.asked.row.ended(outcome, at)),
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
    """Answer the recorded output where what is wanted holds already, and can be read."""
    up_to_date = (
        order.wanted.command in {"update", "rollback"}
        and recorded is not None
        and recorded.settled
        and recorded.fingerprint == order.wanted.fingerprint
    )
    if recorded is None or not up_to_date or await order.forced():
        return None
    results = command_result_type(order.resource, order.wanted.command)
    try:
        results.from_json(recorded.output or NOTHING)
        intact = await order.resource.intact()
    except ResultNotStorable:
        return None  # the code of today answers something else: it is brought about anew
    except Exception:
        log.exception("not_known_whether_intact", identity=order.wanted.identity)
        return None
    return Outcome(State.SKIPPED, recorded.output) if intact else None


def _key(run: Run) -> tuple[str, str, str]:
    return (run.identity, run.command, run.fingerprint)


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


def _record(
    run: LiveRun, order: Order, recorded: Recorded | None, outcome: Outcome, at: datetime
) -> dict[str, Any]:
    wanted = order.wanted
    record = {
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
    if wanted.command == "install" and order.resource.defines("update"):
        # Half of what is desired: an update is still to come, and is what can be gone back to.
        before = recorded.model_dump() if recorded else dict.fromkeys(record)
        kept = {name: before[name] for name in ("fingerprint", "arguments", "output")}
        record |= {**kept, "settled": False}
    return record
