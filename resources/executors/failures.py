"""The words about a script that did not end with status 0."""

import shlex
import signal
from datetime import timedelta

from resources.errors import ScriptFailed
from resources.executors.script import Script, ScriptResult

COMMAND_LENGTH = 200
TAIL_LINES = 40
TAIL_LENGTH = 4_000


def ended(script: Script, status: int, printed: ScriptResult) -> ScriptFailed:
    """Answer the error of a script that ended with `status`; negative is a signal's number."""
    how = f"ended with status {status}"
    if status < 0:
        how = f"was ended by the signal {_signal_name(-status)}"
    return _failed(script, how, printed, status=status)


def timed_out(script: Script, printed: ScriptResult) -> ScriptFailed:
    """Answer the error of a script that was ended because it took too long."""
    how = f"took longer than {duration(script.timeout)}, and was ended with all that it had started"
    return _failed(script, how, printed)


def ended_as_told(script: Script, status: int, printed: ScriptResult) -> ScriptFailed:
    """Answer the error of a script of which a shell tells a signal as 128 and its number."""
    signals = {int(number) for number in signal.Signals}
    return ended(script, 128 - status if status - 128 in signals else status, printed)


def no_output(script: Script, path: str, why: str, printed: ScriptResult) -> ScriptFailed:
    """Answer the error of a script that ended well, and left no file that it was to leave."""
    return _failed(script, f"ended with status 0, but its output {path} {why}", printed, status=0)


def timed_out_yet_alive(script: Script, why: str, printed: ScriptResult) -> ScriptFailed:
    """Answer the error of a script that took too long, and could not be ended."""
    took = f"took longer than {duration(script.timeout)}, and could not be ended"
    return _failed(script, f"{took}: {why} What it started may still go on", printed)


def lost(script: Script, where: str, why: str, printed: ScriptResult) -> ScriptFailed:
    """Answer the error of a script that was begun, and of which nothing is heard any more."""
    return _failed(script, f"was begun on {where}, and was lost: {why}", printed)


def not_started(script: Script, why: str) -> ScriptFailed:
    """Answer the error of a script that never ran."""
    return ScriptFailed(f"`{command_line(script)}` could not be started: {why}")


def command_line(script: Script) -> str:
    """Answer the script's command as a person would type it, shortened."""
    line = shlex.join(script.argv).replace("\n", " ")
    return line if len(line) <= COMMAND_LENGTH else f"{line[:COMMAND_LENGTH]}…"


def duration(period: timedelta) -> str:
    """Answer a period as words: `10 minutes`, `1 hour 30 minutes`, `0.5 seconds`."""
    minutes, seconds = divmod(period.total_seconds(), 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = [(hours, "hour"), (minutes, "minute"), (round(seconds, 3), "second")]
    words = [f"{n:g} {unit}{'' if n == 1 else 's'}" for n, unit in parts if n]
    return " ".join(words) or "0 seconds"


def tail_of(printed: ScriptResult) -> str:
    """Answer the last lines that were printed, and say how much is not among them."""
    end = printed.output.rstrip()
    text = "\n".join(end.splitlines()[-TAIL_LINES:])
    if len(text) > TAIL_LENGTH:
        # From a line's beginning, where there is one: half a secret would not be found and masked.
        cut = text[-TAIL_LENGTH:]
        text = cut.partition("\n")[2] or cut
    missing = printed.cut_bytes + len(end.encode()) - len(text.encode())
    return f"[{missing:,} bytes before this are left out]\n{text}" if missing else text


def _failed(
    script: Script, how: str, printed: ScriptResult, *, status: int | None = None
) -> ScriptFailed:
    tail = tail_of(printed)
    last = f"Its last lines:\n{tail}" if tail else "It printed nothing."
    summary = f"`{command_line(script)}` {how.removesuffix('.')}."
    return ScriptFailed(f"{summary} {last}", summary=summary, status=status, tail=tail)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
