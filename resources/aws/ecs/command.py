"""What the container of an ECS task runs: it unpacks a script, runs it, and tells how it ended.

All that the script needs, its arguments too, comes in variables of the container, which ECS
fetches for it from a file in S3; a description of the task tells no more than where that was.
Besides `sh` the image needs `base64`, `head`, `tail`, `mktemp` and `mkdir`, as all of Debian's
and Alpine's kind have. The last line that the container prints says how the script ended.
"""

import base64
from datetime import timedelta
from math import ceil
from pathlib import PurePosixPath

from resources.executors.remote_command import Ending, sent_ahead
from resources.executors.script import Script
from resources.executors.unpacking import UNPACK

VARIABLE = "ORBITS_SENT_"
LINE = 32_000
"""How long a variable is: ECS reads its files of variables by lines of less than 64 KiB."""

CARRIED = 400_000
"""How many bytes go in; the kernel lets all variables of a process be 2 MiB by default."""

OVERRIDES = 8_192
"""How many characters ECS takes as a task's own command."""

_PROGRAM = r"""
@UNPACK@
umask 077
here=$(pwd) at=$(mktemp -d) || exit 125
cd "$at" || exit 125
n=0
while eval "[ \"\${@VARIABLE@$n+x}\" ]"; do
  eval "printf %s \"\$@VARIABLE@$n\"; unset @VARIABLE@$n"
  n=$((n + 1))
done > text
base64 -d < text > sent
rm -f text
unpack
( cd "$here" && exec sh -c '. "$1/prologue"' orbits "$at" ) < stdin 2>&1 &
pid=$!
exec 2> /dev/null
trap 'kill -s TERM "$pid"' TERM
(
  sleep "$2"
  : > late
  kill -s TERM "$pid"
  sleep 10
  kill -s KILL "$pid"
) > /dev/null &
watch=$!
wait "$pid"
status=$?
while kill -s 0 "$pid"; do
  wait "$pid"
  status=$?
done
kill "$watch"
word=$status
if [ -e late ]; then word=@TIMED_OUT@; fi
if [ -e failure ]; then word=$(cat failure); fi
rm -rf "$at"
printf 'orbits:%s:%s\n' "$1" "$word"
exit "$status"
"""

PROGRAM = (
    _PROGRAM.replace("@UNPACK@", UNPACK)
    .replace("@VARIABLE@", VARIABLE)
    .replace("@TIMED_OUT@", Ending.TIMED_OUT)
    .strip()
)


def command_of(token: str, ended_after: timedelta) -> list[str]:
    """Answer the command of a container; its script is ended there after that, at the latest."""
    return ["sh", "-c", PROGRAM, "orbits", token, str(ceil(ended_after.total_seconds()))]


def variables_of(
    script: Script, cwd: PurePosixPath | None, environment: dict[str, str]
) -> bytes | None:
    """Answer the file of variables that brings a script; `None` where it is too large."""
    sent = sent_ahead(script, cwd or PurePosixPath(), environment)
    if len(sent) > CARRIED:
        return None
    text = base64.b64encode(sent).decode()
    lines = [text[start : start + LINE] for start in range(0, len(text), LINE)]
    return "".join(f"{VARIABLE}{n}={line}\n" for n, line in enumerate(lines)).encode()
