"""The parts that reports are put together from, each cut to the room that is left for it."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from bot.report.facts import DeploymentFacts, ExcludedFacts, RolloutFacts
from bot.report.harmless import block, html_code, plain, words
from bot.report.verdict import conclusion, status, tally
from bot.states import State

FAILURES = (State.FAILED, State.ROLLED_BACK)
UNSETTLED = (State.RUNNING, State.WAITING, State.HELD, State.CANCELLED)
FOLDED = {
    State.QUEUED: "queued",
    State.SUCCEEDED: "updated",
    State.SKIPPED: "skipped",
}

_MARKS = {
    State.QUEUED: "⏳ queued",
    State.WAITING: "⏳ waiting",
    State.RUNNING: "🔄 running",
    State.SUCCEEDED: "✅ updated",
    State.FAILED: "❌ failed",
    State.CANCELLED: "🚫 cancelled",
    State.SKIPPED: "⏭️ skipped",
    State.HELD: "⏸️ held",
    State.ROLLED_BACK: "↩️ rolled back",
}
_VERDICTS = {
    "success": "✅",
    "failure": "❌",
    "skipped": "⏭️",
    "neutral": "⏸️",
    "cancelled": "🚫",
    "action_required": "✋",
    "in_progress": "🔄",
    "queued": "⏳",
}
_UNSAFE_IN_ADDRESS = {ord(letter): f"%{ord(letter):02X}" for letter in "<>\"'` \\|@\n"}
_MORE = "\n\n… and 1,000,000 more, not listed here."
_TABLE_HEAD = ("| Tenant | From → To | Result | Took |", "|---|---|---|---|")


def heading(facts: RolloutFacts) -> str:
    """Say what goes where, the verdict first."""
    mark = _VERDICTS[conclusion(facts) or status(facts)]
    if facts.state is State.WAITING and not facts.awaits_people:
        mark = _VERDICTS["queued"]
    return f"### {mark} {what_goes_where(facts)}: {tally(facts)}"


def what_goes_where(facts: RolloutFacts) -> str:
    """Name the services and, unless each tenant goes to what it had before, the commit."""
    services = plain(", ".join(facts.services), 200)
    return services if facts.asked else f"{services} → {revision(facts.revision)}"


def origin(facts: RolloutFacts) -> str:
    """Say which pull request it was, how far it is, and how long it took; one line or none."""
    parts = []
    if facts.pull_request is not None:
        title, author = plain(facts.pull_request.title, 400), plain(facts.pull_request.author, 80)
        parts.append(f'#{facts.pull_request.number} "{title}" by {author}')
    if facts.asked:
        parts.append(words(facts.asked, 300))
    if facts.note:
        parts.append(words(facts.note, 300))
    if facts.started is not None and facts.finished is not None:
        parts.append(f"took {duration(facts.finished - facts.started)}")
    return " · ".join(parts)


def in_states(facts: RolloutFacts, states: Iterable[State]) -> list[DeploymentFacts]:
    """Answer the deployments in these states, ordered as the states are."""
    return [one for state in states for one in facts.deployments if one.state is state]


def table(deployments: Sequence[DeploymentFacts], room: int) -> str:
    """Make a table of the first deployments for which there is room, and count the others.

    The failures say as much as they can; what else there is, as much as is left.
    """
    if not deployments:
        return ""
    head = "\n".join(_TABLE_HEAD)
    room -= len(head) + len(_MORE)
    failed = _rows([one for one in deployments if one.state in FAILURES], room)
    left = room - sum(len(row) + 1 for row in failed)
    others = _rows([one for one in deployments if one.state not in FAILURES], left)
    return fitted(head, [*failed, *others], room + len(head) + len(_MORE))


def folded(summary: str, content: str) -> str:
    """Fold Markdown away under a line; the line is HTML, already harmless."""
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def folded_table(deployments: Sequence[DeploymentFacts], word: str, room: int) -> str:
    """Fold a table away under its count."""
    summary = f"{len(deployments)} {word}"
    content = table(deployments, room - len(folded(summary, "")))
    return folded(summary, content) if content else ""


def output(deployment: DeploymentFacts, room: int) -> str:
    """Fold away the last lines that a failed step printed."""
    step = html_code(deployment.failed_step, 80) if deployment.failed_step else "it"
    summary = f"{plain(deployment.tenant, 120)}: what {step} printed last"
    return folded(summary, block(deployment.tail, room - len(folded(summary, ""))))


def left_alone(excluded: Sequence[ExcludedFacts], room: int, more: int = 0) -> str:
    """Fold away who is not part of it, and why; so many `more` are not named."""
    if not excluded:
        return ""
    summary = f"{len(excluded) + more} not affected"
    lines = [f"- {plain(one.name, 120)}: {words(one.reason, 300)}" for one in excluded]
    lines += [f"- … and {more:,} more"] if more else []
    most = room - len(folded(summary, ""))
    content = fitted("", lines, most)
    return folded(summary, content.strip("\n")) if content else ""


def what_was_before(facts: RolloutFacts) -> str:
    """List the earlier rollouts of the pull request, the newest first; empty without any."""
    lines = [f"- {words(line, 300)}" for line in reversed(facts.earlier)][:5]
    return "\n".join(["Before that:", *lines]) if lines else ""


def folded_word(facts: RolloutFacts, state: State) -> str:
    """Answer the word under which deployments in a quiet state are folded away."""
    return facts.done if state is State.SUCCEEDED else FOLDED[state]


def what_next(facts: RolloutFacts) -> str:
    """Say what may be typed now, and where to look; one line or none."""
    parts = [words(step, 200) for step in facts.next_steps[:10]]
    line = "Next: " + " · ".join(parts) if parts else ""
    if facts.run_url is None:
        return line
    link = f"[run](<{_address(facts.run_url)}>)"
    return f"{line} · {link}" if line else link


def revision(sha: str | None) -> str:
    """Shorten a commit as people read it."""
    return plain(sha[:7], 40) if sha else "none"


def duration(took: timedelta | None) -> str:
    """Write a duration as `0.4s`, `42s`, `7m10` or `1h05`."""
    if took is None:
        return ""
    if timedelta(0) < took < timedelta(seconds=9.95):
        return f"{took.total_seconds():.1f}s"
    seconds = max(0, int(took.total_seconds()))
    if seconds < 60:
        return f"{seconds}s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes}m{seconds:02}"
    return f"{minutes // 60}h{minutes % 60:02}"


def _rows(deployments: Sequence[DeploymentFacts], room: int) -> list[str]:
    """Make the rows with as many words as let all of them fit, or with the fewest."""
    rows: list[str] = []
    for most in (500, 200, 80, 0):
        rows = [_row(deployment, most) for deployment in deployments]
        if sum(len(row) + 1 for row in rows) <= room:
            break
    return rows


def _row(deployment: DeploymentFacts, most: int) -> str:
    name = plain(deployment.tenant, 120)
    if deployment.state in FAILURES:
        name = f"**{name}**"
    span = revision(deployment.before)
    if deployment.after is not None and deployment.state is not State.HELD:
        span = f"{span} → {revision(deployment.after)}"
    return f"| {name} | {span} | {_result(deployment, most)} | {duration(deployment.took)} |"


def _result(deployment: DeploymentFacts, most: int) -> str:
    mark = _MARKS[deployment.state].replace("updated", deployment.done)
    if not most:
        return mark
    said = words(deployment.reason, most)
    if deployment.state is State.FAILED:
        return _failure(deployment, said)
    if deployment.state is State.HELD and said:
        return f"⏸️ {said}"
    if deployment.state is State.ROLLED_BACK and deployment.rolled_back_to:
        mark += f" to {revision(deployment.rolled_back_to)}"
    return f"{mark}: {said}" if said else mark


def _failure(deployment: DeploymentFacts, said: str) -> str:
    step = words(f"step `{deployment.failed_step}`", 80) if deployment.failed_step else ""
    parts = [": ".join(filter(None, [step, said.removesuffix(".")])) or "failed"]
    if deployment.rolled_back_to:
        parts.append(f"rolled back to {revision(deployment.rolled_back_to)}")
    if deployment.run_id:
        parts.append(f"run {plain(deployment.run_id, 40)}")
    return "❌ " + " · ".join(parts)


def fitted(head: str, lines: Sequence[str], room: int) -> str:
    """Join the lines for which there is room, and count the others; empty without any room."""
    whole = "\n".join([head, *lines])
    if len(whole) <= room:
        return whole
    used, kept = len(head) + len(_MORE), 0
    if used > room:
        return ""
    while used + len(lines[kept]) + 1 <= room:
        used += len(lines[kept]) + 1
        kept += 1
    return "\n".join([head, *lines[:kept], f"\n… and {len(lines) - kept} more, not listed here."])


def _address(url: str) -> str:
    safe = "".join(letter for letter in url if letter.isascii() and letter.isprintable())
    return safe.translate(_UNSAFE_IN_ADDRESS)[:1000]
