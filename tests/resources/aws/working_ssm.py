"""Systems Manager that runs what it is told to: moto's, whose machine is this one.

moto's commands run nothing and end at once, with nothing printed. Here `sh` runs them, without a
HOME as by the SSM agent; a command that was only just sent is not known, what is printed is cut
as AWS does it, and there is a program `aws`. Other machines end a command as their names say.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from moto.core.exceptions import ServiceException
from moto.ssm import urls
from moto.ssm.models import Command, SimpleSystemManagerBackend, ssm_backends

HERE = "i-0a1b2c3d4e5f60718"
ELSEWHERE = {
    "i-00000000000000001": "Undeliverable",
    "i-00000000000000002": "Delivery Timed Out",
    "i-00000000000000003": "Invalid Platform",
}
UNKNOWN = "i-00000000000000004"
"""Of its commands SSM never knows anything."""
MOST_PRINTED = 24_000

AWS = """#!{python} -IS
import os, shutil, sys, urllib.request
words = sys.argv[1:]
if words[:3] != ["s3", "cp", "--quiet"] or words[3] != "--region":
    sys.exit(f"unknown options: {{words}}")
source, target = words[5:]
def asked(name, content=None, method="GET"):
    scope = "Credential=testing/20260101/eu-west-1/s3/aws4_request"
    headers = {{
        "Authorization": f"AWS4-HMAC-SHA256 {{scope}}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/octet-stream",
    }}
    address = os.environ["AWS_ENDPOINT_URL"] + "/" + name.removeprefix("s3://")
    request = urllib.request.Request(address, content, headers, method=method)
    try:
        return urllib.request.urlopen(request)
    except OSError as error:
        sys.exit(f"fatal error: {{error}}")
if target == "-":
    shutil.copyfileobj(asked(source), sys.stdout.buffer)
else:
    asked(target, sys.stdin.buffer.read(), "PUT")
"""


class Unknown(ServiceException):
    """What SSM says of what it does not know."""


class WorkingSsm(SimpleSystemManagerBackend):
    """moto's SSM, with a machine that does what commands say."""

    environment: ClassVar[dict[str, str]] = {}
    sent: ClassVar[list[str]] = []
    """All lines that were ever sent: SSM shows them to whoever may look."""
    gone: ClassVar[bool] = False
    """Whether nothing is heard of the machine any more."""

    @property
    def _url_module(self) -> Any:
        return urls

    def send_command(self, *args: Any, **kwargs: Any) -> Command:
        (instance,) = kwargs["instance_ids"]
        if self.gone or instance not in {HERE, UNKNOWN, *ELSEWHERE}:
            raise Unknown("InvalidInstanceId", "Instances not in a valid state for account")
        command = super().send_command(*args, **kwargs)
        invocation = command.invocations[0]
        invocation |= {"Status": "Unknown", "StatusDetails": ""}
        lines = "\n".join(command.parameters["commands"])
        self.sent.append(lines)
        if instance == UNKNOWN:
            return command
        if instance in ELSEWHERE:
            told = {"Status": "Failed", "StatusDetails": ELSEWHERE[instance], "ResponseCode": -1}
            invocation |= {"then": told}
        else:
            threading.Thread(target=self._run, args=(lines, invocation), daemon=True).start()
        return command

    def get_command_invocation(
        self, command_id: str, instance_id: str, plugin_name: str | None
    ) -> dict[str, Any]:
        invocation = super().get_command_invocation(command_id, instance_id, plugin_name)
        if invocation["Status"] == "Unknown":
            if instance_id != UNKNOWN:
                invocation["Status"] = invocation["StatusDetails"] = "InProgress"
            raise Unknown("InvocationDoesNotExist", "")
        if "then" in invocation:
            invocation |= invocation.pop("then")
        return {name: value for name, value in invocation.items() if name != "then"}

    def _run(self, lines: str, invocation: dict[str, Any]) -> None:
        ended = subprocess.run(
            ["sh", "-c", lines],
            capture_output=True,
            cwd="/",
            env=self.environment,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        well = not ended.returncode
        invocation["then"] = {
            "Status": "Success" if well else "Failed",
            "StatusDetails": "Success" if well else "Failed",
            "ResponseCode": ended.returncode,
            "StandardOutputContent": ended.stdout.decode(errors="replace")[:MOST_PRINTED],
            "StandardErrorContent": ended.stderr.decode(errors="replace")[:MOST_PRINTED],
        }


@contextmanager
def working_ssm(address: str, folder: Path) -> Iterator[None]:
    """Let moto's server, which has had no command yet, have such an SSM for a while."""
    folder.mkdir()
    (folder / "aws").write_text(AWS.format(python=sys.executable))
    (folder / "aws").chmod(0o700)
    before = ssm_backends.backend
    path = os.pathsep.join((str(folder), os.environ["PATH"]))
    WorkingSsm.environment = {"PATH": path, "AWS_ENDPOINT_URL": address}
    WorkingSsm.sent.clear()
    ssm_backends.clear()
    ssm_backends.backend = WorkingSsm
    try:
        yield
    finally:
        ssm_backends.backend = before
        ssm_backends.clear()
