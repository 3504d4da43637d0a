"""One script on a machine that SSM reaches, by as many commands as it takes."""

import asyncio
import base64
import shlex
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import ClassVar

from resources.aws.failures import AwsFailed
from resources.aws.parcel import Parcel
from resources.aws.pauses import pauses
from resources.aws.ssm.host import HostNotReached, SsmHost
from resources.errors import OrbitsError
from resources.executors.output import BoundedOutput
from resources.executors.remote_command import Ending, remote_command
from resources.executors.script import FILES_LIMIT, Script

A_WHILE = timedelta(minutes=2)
"""How long a command may take that should not take long."""

UNHEARD = 64_000_000
"""How many bytes the machine keeps for us; a script that printed more waits until we asked."""

AT_ONCE = 17_000
"""How many bytes a command brings: as base64, SSM keeps 24,000 characters of it."""

BEHIND = 200_000
"""How many bytes are fetched late; of what is printed faster than that, the older are left out."""

TURN = timedelta(milliseconds=50)
NO_AWS, ABSENT = "=no-aws", "=absent"
_DEMAND_AWS = f"command -v aws > /dev/null 2>&1 || {{ echo {NO_AWS}; exit 0; }}"

TELL = r"""
at=$1 offset=$2 behind=$3 most=$4 kept=$5
cd "$at" 2>/dev/null || { echo "=vanished 0 0"; exit 0; }
state=running
if [ -e status ]; then
  state=$(cat status)
elif ! kill -s 0 "$(cat supervisor 2>/dev/null || echo 0)" 2>/dev/null; then
  state=vanished
  if [ -e status ]; then state=$(cat status); fi
fi
end=0 first=
for each in seg.*; do
  [ -e "$each" ] || continue
  next=$((${each#seg.} + $(wc -c < "$each")))
  if [ "$next" -gt "$end" ]; then end=$next; fi
  if [ -z "$first" ] || [ "${each#seg.}" -lt "$first" ]; then first=${each#seg.}; fi
done
if [ "$((end - offset))" -gt "$behind" ]; then offset=$((end - behind)); fi
if [ "${first:-0}" -gt "$offset" ]; then offset=$first; fi
heard=$((offset - kept))
echo "$heard" > heard.new && mv heard.new heard
echo "=$state $offset $end"
for each in seg.*; do
  [ -e "$each" ] || continue
  base=${each#seg.}
  next=$((base + $(wc -c < "$each")))
  if [ "$base" -le "$offset" ] && [ "$offset" -lt "$next" ]; then
    tail -c "+$((offset - base + 1))" "$each" | head -c "$most" | base64 | tr -d '\n'
  elif [ "$next" -le "$heard" ] && [ "$next" -ne "$base" ] && [ -e "seg.$next" ]; then
    rm -f "$each"
  fi
done
"""
"""Tells how the script is, and brings a part of its output; see `remote_program` for its folder."""


@dataclass(frozen=True)
class Told:
    """How the script is, from which byte on there was output, and how much there is."""

    state: str
    offset: int
    end: int
    output: bytes

    @property
    def heard(self) -> int:
        """Up to which byte it is known now."""
        return self.offset + len(self.output)


class SsmScript:
    """A script that is begun, heard, ended and forgotten by its name; each of it may be repeated.

    What did not get through is tried again until that went on for `patience`. `parcel` makes one
    of its own for all that goes through the bucket: who asks alike may be done with theirs at any
    time. See `Remote`.
    """

    failures: ClassVar[tuple[type[OrbitsError], ...]] = (HostNotReached, AwsFailed)
    left_alone: ClassVar[timedelta] = timedelta(minutes=2)

    def __init__(
        self, host: SsmHost, at: str, patience: timedelta, parcel: Callable[[], Parcel]
    ) -> None:
        self.machine = host
        self._at = at
        self._parcel = parcel
        self._name = at.rpartition("/")[2]
        self._patience = patience.total_seconds()

    async def start(self, script: Script, sent: bytes) -> None:
        """Begin the script, unless it goes on or has ended there already."""
        ends = ceil((script.timeout + self.left_alone).total_seconds())
        begin = remote_command("start", self._at, len(sent), ends, UNHEARD + script.kept)
        parcel = self._parcel()
        fetch = f"{_aws(self._region)} {shlex.quote(parcel.address)} -"
        await parcel.put(sent)
        try:
            printed = await self._ask("start", f"{_DEMAND_AWS}\n{fetch} | {begin}")
        finally:
            await parcel.discard()
        if printed != "started":
            raise self._not_begun(printed)

    async def follow(self, output: BoundedOutput, kept: int) -> str:
        """Hear the script to its end, and answer how it ended."""
        behind, waits = max(BEHIND, kept), pauses(self.machine.every)
        while True:
            words = (self._at, output.total, behind, AT_ONCE, kept)
            told = _told(await self._ask("hear", _program(TELL, *words)))
            if told.state != Ending.VANISHED:
                output.miss(told.offset)
            if told.output:
                output.take(told.output)
            if told.heard < told.end:
                continue
            if told.state != "running":
                return told.state
            await asyncio.sleep(next(waits))

    async def take(self, path: str) -> bytes | None:
        """Answer an output, or a byte more than may be taken; `None` where there is none."""
        parcel = self._parcel()
        file = shlex.quote(f"{self._at}/files/{path}")
        send = f"{_aws(self._region)} - {shlex.quote(parcel.address)}"
        line = (
            f"if [ ! -f {file} ]; then echo {ABSENT}; exit 0; fi\n"
            f"head -c {FILES_LIMIT + 1} {file} | {send}"
        )
        if await self._ask("take", line) == ABSENT:
            return None
        try:
            return await parcel.content()
        finally:
            await parcel.discard()

    async def end(self, grace: timedelta) -> None:
        """End the script with all that it started, and forget it."""
        await self._ask("end", remote_command("end", self._at, ceil(grace / TURN)), grace)

    async def forget(self) -> None:
        """Remove what is left of a script that has ended, if that can be done at once."""
        with suppress(*self.failures):
            forget = remote_command("forget", self._at)
            await self.machine.ask(forget, f"forget {self._name}", A_WHILE)

    async def _ask(self, verb: str, line: str, longer: timedelta = timedelta(0)) -> str:
        """Answer what the line prints, however often it must be sent for that."""
        now = asyncio.get_running_loop().time
        until = now() + self._patience
        while True:
            try:
                said = await self.machine.ask(line, f"{verb} {self._name}", A_WHILE + longer)
            except HostNotReached as failed:
                if not failed.again or now() >= until:
                    raise
            else:
                return said.strip()
            await asyncio.sleep(self.machine.every.total_seconds())

    @property
    def _region(self) -> str:
        return self.machine.client.meta.region_name

    def _not_begun(self, printed: str) -> HostNotReached:
        machine = self.machine.instance
        if NO_AWS in printed:
            why = (
                f"{machine} has no program `aws`, by which scripts get there and files back. "
                "Install the AWS CLI on it."
            )
            return HostNotReached(why, again=False)
        why = f"{machine} did not begin it, and does not say why. See the command in SSM."
        return HostNotReached(why, again=False)


def _told(printed: str) -> Told:
    head, _, text = printed.partition("\n")
    try:
        state, offset, end = head.removeprefix("=").split()
        return Told(state, int(offset), int(end), base64.b64decode(text.strip(), validate=True))
    except ValueError:
        raise HostNotReached(
            "What the machine told of the script cannot be read. See the command in SSM.",
            again=True,
        ) from None


def _program(text: str, *words: object) -> str:
    return shlex.join(("sh", "-c", text.strip(), "orbits", *map(str, words)))


def _aws(region: str) -> str:
    return f"aws s3 cp --quiet --region {shlex.quote(region)}"
