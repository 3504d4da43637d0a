"""A world in which an author tries a stack: what the engine remembers, without the engine."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Literal, TypeVar, overload

from pydantic import JsonValue
from pydantic_core import to_json

from resources.errors import Refused
from resources.model.definition import Definition
from resources.model.resource import Resource
from resources.model.scope import Checks, Cycles, Defines, Outputs, Plans, Runs
from resources.model.values import command_result_type, result_type
from resources.testing import runs
from resources.testing.clock import LeapingClock
from resources.testing.crash import Crashed, CrashPoint, Moment, NotReached, Waits
from resources.testing.journal import Ending, Journal, Outcome, Signal, StepEnd, Wanted
from resources.testing.life import Life
from resources.testing.scripted import Scripts
from resources.testing.secrets import GivenSecrets
from resources.testing.states import RehearsedStates

T = TypeVar("T")

BETWEEN = timedelta(minutes=1)
"""So much time passes before something is done, as if a person had to ask for it."""


class Rehearsal:
    """Carries out definitions as the bot does, in memory: no database, no waiting.

        world = Rehearsal(secrets={"env:SHOP_KEY": "nobody knows"}, given=[Cloud()])
        await world.do(Shop(tenant="acme", key="env:SHOP_KEY"))

    Steps are remembered, so that a crash may be tried, and a second `do` skips what is up to
    date. Time leaps over what is slept, and a minute passes before each `do`. `given` is what
    definitions ask for by its type, `secrets` are values by their references, `scripts` what a
    `ScriptedExecutor` answers. The states of Terraform's modules are kept in memory as well.
    """

    def __init__(
        self,
        *,
        secrets: Mapping[str, str] | None = None,
        given: Iterable[object] = (),
        scripts: Scripts | None = None,
    ) -> None:
        self._journal = Journal()
        self._clock = LeapingClock()
        self._secrets = GivenSecrets(secrets or {})
        states = RehearsedStates(self._clock.now, self._secrets.masks.add)
        # The first of its kind is asked for: the test's own come before.
        self._given = (*given, states)
        self._crash: CrashPoint | None = None
        self._cut_off: tuple[Definition, Wanted, bool] | None = None
        self._busy = False
        if scripts is not None:
            scripts.mask = self._secrets.masks.mask

    # Doing

    @overload
    async def do(self, x: Checks[T], *, force: bool = False) -> T: ...
    @overload
    async def do(self, x: Runs[T], *, force: bool = False) -> T: ...
    @overload
    async def do(self, x: Defines[T], *, force: bool = False) -> T: ...
    @overload
    async def do(self, x: Outputs[T], *, force: bool = False) -> T: ...
    @overload
    async def do(
        self, x: Outputs[T], *, command: Literal["rollback"], force: bool = False
    ) -> T: ...
    @overload
    async def do(self, x: Plans[T], *, command: Literal["plan"], force: bool = False) -> T: ...
    @overload
    async def do(self, x: Cycles[T], *, command: Literal["cycle"], force: bool = False) -> T: ...
    @overload
    async def do(self, x: Any, *, command: str | None = ..., force: bool = False) -> Any: ...

    async def do(self, x: Any, *, command: str | None = None, force: bool = False) -> Any:
        """Carry out a resource, a workflow or an action as a run of its own; answer its result.

        Raises:
            StepFailed: a step failed, in the words that the bot would show.
            Crashed: the process died where it was to; go on with `resume()`.
            Waits: it waits for a signal; `send` it, and go on with `resume()`.
            NotReached: it succeeded, and never came to where it was to die.
        """
        wanted = Wanted.of(x, command)
        # As after a restart: of an argument, what JSON holds of it is left.
        revived: Definition = type(x).model_validate_json(wanted.arguments)
        if not self._busy:
            # What a deployment makes is then newer than the last success.
            self._clock.passes(BETWEEN)
        return await self._live(revived, wanted, force=force)

    async def resume(self) -> Any:
        """Go on with what was cut off, as the next process would; answer its result."""
        if self._cut_off is None:
            raise Refused(
                "There is nothing to resume: no run of this rehearsal was cut off. Nothing was "
                "started."
            )
        definition, wanted, force = self._cut_off
        return await self._live(definition, wanted, force=force)

    def send(self, name: str, payload: Any = True, *, after: timedelta = timedelta()) -> None:
        """Send a signal, such as an approval, to the run that waits for it, now or later."""
        text = to_json(payload).decode()
        self._journal.signals[name] = Signal(text, self._clock.now() + after)

    # Dying

    def crash_before(self, step: str, identity: str = "") -> None:
        """Let the process die before it begins the step; `step` is what its author called it."""
        self._crash = CrashPoint(Moment.BEFORE, step, identity)

    def crash_in(self, step: str, identity: str = "") -> None:
        """Let the process die when the step was done, and nobody has written that down."""
        self._crash = CrashPoint(Moment.IN, step, identity)

    def crash_after(self, step: str, identity: str = "") -> None:
        """Let the process die when the step's end was written down."""
        self._crash = CrashPoint(Moment.AFTER, step, identity)

    # Looking

    @property
    def steps(self) -> list[StepEnd]:
        """The steps that ended, in their order, of all runs; a replayed one ended once."""
        return list(self._journal.ends)

    @property
    def log(self) -> str:
        """What was printed, in its order, with every revealed secret masked."""
        return self._masked(self._journal.printed)

    def log_of(self, step: str) -> str:
        """Answer what the steps of that name printed."""
        return self._masked(each for each in self._journal.printed if each.step == step)

    def recorded(self, identity: str) -> JsonValue:
        """Answer the output that was recorded of an identity, as JSON; `None`: none was."""
        record = self._journal.records.get(identity)
        return json.loads(record.output) if record and record.output else None

    @property
    def records(self) -> dict[str, JsonValue]:
        """What was last brought about: by identity, its `arguments` and its `output`."""
        return {identity: record.told() for identity, record in self._journal.records.items()}

    def _masked(self, printed: Iterable[Any]) -> str:
        return self._secrets.masks.mask("".join(each.text for each in printed))

    # One process

    async def _live(self, x: Definition, wanted: Wanted, *, force: bool) -> Any:
        if self._busy:
            raise Refused(
                f"{wanted.identity or wanted.kind} was not started: this rehearsal does something "
                "already. Let a workflow do both."
            )
        life = Life(self._journal, self._clock, self._secrets, self._given, self._crash)
        self._cut_off = (x, wanted, force)
        self._busy = True
        try:
            ending = await self._until_its_end(life, x, wanted, force=force)
        finally:
            self._busy = False
        crash, self._crash = self._crash, None
        if ending is None:
            raise _cut_short(life)
        self._cut_off = None
        if crash is not None and ending.outcome is Outcome.SUCCEEDED:
            raise self._not_reached(crash)
        if isinstance(x, Resource):
            return ending.answer(command_result_type(x, wanted.command).from_json)
        return ending.answer(result_type(x).from_json)

    async def _until_its_end(
        self, life: Life, x: Definition, wanted: Wanted, *, force: bool
    ) -> Ending | None:
        """Answer what became of the run; `None` where its process ended before it."""
        work = asyncio.create_task(runs.Runs(life).as_root(x, wanted, force=force))
        death = asyncio.create_task(life.death())
        both = asyncio.create_task(_first_of(work, death))
        try:
            if await self._clock.pass_until_done(both) and work.done():
                return work.result()
            return None
        finally:
            life.end()
            for task in (work, death, both):
                task.cancel()
            for task in (work, death, both):
                with suppress(asyncio.CancelledError):
                    await task

    def _not_reached(self, crash: CrashPoint) -> NotReached:
        names = ", ".join(dict.fromkeys(f"`{end.step}`" for end in self.steps)) or "none"
        return NotReached(
            f"The process was to die {crash}, and never came there. The steps that ended are "
            f"{names}. Name one of these."
        )


async def _first_of(*tasks: "asyncio.Task[Any]") -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


def _cut_short(life: Life) -> Crashed | Waits:
    if life.died_at is not None:
        return Crashed(
            f"The process died {life.died_at}, where the test wanted it to. Go on with "
            "`await world.resume()`."
        )
    waits = " and ".join(
        f"{who} waits for the signal `{name}`" for name, who in life.waiting.items()
    )
    name = next(iter(life.waiting), "approval")
    return Waits(
        f'{waits}, which nobody has sent. Send it, `world.send("{name}", True)`, and go on with '
        "`await world.resume()`; what is sent before is found when it is waited for."
    )
