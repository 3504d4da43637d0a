"""A machine that AWS Systems Manager reaches: one command line at a time, and what it printed."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

from resources.aws.failures import AwsFailed, asked
from resources.aws.pauses import pauses
from resources.errors import OrbitsError
from resources.executors.failures import duration

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_ssm.type_defs import GetCommandInvocationResultTypeDef

DOCUMENT = "AWS-RunShellScript"
GOING_ON = frozenset({"Pending", "InProgress", "Delayed", "Cancelling"})
LONGEST_COMMENT = 100
SHORTEST_DELIVERY = 30
LONGEST_SAID = 300

WHY = {
    "Undeliverable": (
        True,
        "it cannot be delivered. See that the machine runs, and that its SSM agent is online.",
    ),
    "DeliveryTimedOut": (
        True,
        "its agent did not fetch it in time. See that the machine runs, and reaches SSM.",
    ),
    "ExecutionTimedOut": (True, "it took too long there. See what keeps the machine busy."),
    "Cancelled": (False, "somebody cancelled it in SSM. Retry, if that was not meant for good."),
    "Terminated": (False, "SSM ended it with others that failed. Retry."),
    "InvalidPlatform": (False, f"{DOCUMENT} is for Linux. Name a machine that runs it."),
    "AccessDenied": (False, "the caller may not send commands to it. Allow ssm:SendCommand."),
}
"""The statuses that are no answer of the machine's: whether it may be tried again, and why."""


class HostNotReached(OrbitsError):
    """A command did not get through to a machine, or it would not do it.

    `again`: it may another time.
    """

    @property
    def again(self) -> bool:
        """Whether the same attempt may have more luck later."""
        return bool(self.facts.get("again"))


@dataclass(frozen=True)
class SsmHost:
    """A machine, and how long AWS may take to get a command there, and asks for its end."""

    client: "SSMClient"
    instance: str
    deliver_within: timedelta
    every: timedelta

    def __str__(self) -> str:
        return f"the machine {self.instance}"

    async def ask(self, line: str, what: str, within: timedelta) -> str:
        """Have its `sh` carry out a line as root, and answer what that printed.

        The line is kept in SSM's history, and so is what it prints: at most 24,000 characters.
        `what` is for people. Raises `HostNotReached`.
        """
        try:
            command = await self._send(line, what, within)
            ended = await self._ended(command)
        except AwsFailed as failed:
            if failed.code == "InvalidInstanceId":
                raise HostNotReached(
                    f"SSM reaches no machine {self.instance}. See that it runs, that its agent is "
                    "online, that its role has AmazonSSMManagedInstanceCore, and that the region "
                    "and the account are right.",
                    again=False,
                ) from None
            raise HostNotReached(str(failed), again=failed.again) from None
        if ended["Status"] != "Success":
            raise self._failed(ended)
        return ended["StandardOutputContent"]

    async def _send(self, line: str, what: str, within: timedelta) -> str:
        answer = await asked(
            self.client.send_command,
            DocumentName=DOCUMENT,
            InstanceIds=[self.instance],
            Parameters={
                "commands": [line],
                "executionTimeout": [str(ceil(within.total_seconds()))],
            },
            Comment=f"orbits: {what}"[:LONGEST_COMMENT],
            TimeoutSeconds=max(SHORTEST_DELIVERY, ceil(self.deliver_within.total_seconds())),
        )
        return answer["Command"]["CommandId"]

    async def _ended(self, command: str) -> "GetCommandInvocationResultTypeDef":
        """Wait until SSM tells how a command ended.

        It always does, by its own time limits, unless it does not know what it took.
        """
        now = asyncio.get_running_loop().time
        known, waits = now(), pauses(self.every)
        while True:
            try:
                found = await asked(
                    self.client.get_command_invocation,
                    CommandId=command,
                    InstanceId=self.instance,
                )
            except AwsFailed as failed:
                # So it says of a command that was only just sent.
                if failed.code != "InvocationDoesNotExist":
                    raise
                if now() > known + self.deliver_within.total_seconds():
                    raise self._unknown(command) from None
            else:
                known = now()
                if found["Status"] not in GOING_ON:
                    return found
            await asyncio.sleep(next(waits))

    def _unknown(self, command: str) -> HostNotReached:
        return HostNotReached(
            f"SSM took the command {command} for {self.instance}, and has not known it for "
            f"{duration(self.deliver_within)}. See its command history, and retry.",
            again=True,
        )

    def _failed(self, ended: "GetCommandInvocationResultTypeDef") -> HostNotReached:
        details = ended["StatusDetails"].replace(" ", "")
        if details in WHY:
            again, why = WHY[details]
            return HostNotReached(f"SSM says of {self.instance}: {details}: {why}", again=again)
        said = ended["StandardErrorContent"].strip() or f"status {ended['ResponseCode']}"
        last = said.splitlines()[-1][-LONGEST_SAID:].removesuffix(".")
        return HostNotReached(
            f"{self.instance} did not do it: {last}. It needs a `sh`, the usual programs, a "
            "folder that can be written to, and a role that may read and write in the bucket.",
            again=False,
        )
