"""`/orbits explain`: why a merge reaches whom it reaches, and what keeps it from others."""

from functools import partial

from bot.orders import drift_telling
from bot.orders.asked import Act, Asked, Desk, chosen_tenants
from bot.report.harmless import plain, words
from bot.report.suggestions import in_code
from bot.rollouts.affected import TenantFacts
from bot.rollouts.moves import KEPT, HeldBy
from bot.rollouts.origin import Kind
from bot.rollouts.rows import lookup
from bot.rollouts.rows.again import Merged
from bot.rollouts.rows.begin import Hand
from bot.states import State
from bot.store.tables import Deployment, Rollout
from resources.errors import Refused

_MOST_LINES = 200
_MOST_WORDS = 1_000


async def explain(desk: Desk, asked: Asked) -> Act:
    """Say why tenants and services are in or out."""
    if asked.is_on_issue:
        return await drift_telling.explain(desk, asked)
    return partial(_explain, asked, await desk.rollouts.tenants())


def _explain(asked: Asked, everyone: list[TenantFacts], hand: Hand) -> str:
    merged = Merged(lookup.rollouts_of(hand.session, asked.repository, asked.pull_request))
    if not merged.merges:
        raise Refused(
            f"#{asked.pull_request} has no rollout yet: it begins when the pull request is merged. "
            "What the merge would do is in the check `orbits/plan`."
        )
    chosen = chosen_tenants(asked.command.selector, everyone)
    became = _what_became(hand, merged)
    lines = []
    for verdict in merged.merges[0].explanation:
        name = verdict["tenant"]
        if name is None or chosen is None or name in chosen:
            mark = "in" if verdict["affected"] else "out"
            why = "; ".join(filter(None, [verdict["sentence"], became.get(name)]))
            who = plain(name or verdict["service"])
            lines.append(f"- {who} is {mark}: {words(why, _MOST_WORDS)}")
    stopped = merged.merges[0].stopped
    lines += [f"- the rollout has stopped: {words(stopped)}"] if stopped and not became else []
    return f"Why #{asked.pull_request} reaches whom it reaches:\n\n{cut(lines)}"


def _what_became(hand: Hand, merged: Merged) -> dict[str, str]:
    """Say of each tenant how its deployment stands, why, and what may be typed."""
    rows = {row.id: row for row in merged.rows}
    told = {}
    for tenant, one in lookup.newest_of(hand.session, merged.merges).items():
        newest = rows[one.rollout_id] is merged.rows[-1]
        told[tenant] = _stands(one, rows[one.rollout_id], newest=newest)
    for tenant, one in lookup.newest_of(hand.session, merged.rows).items():
        row = rows[one.rollout_id]
        if row.kind == Kind.ROLLBACK and one.state != State.SUCCEEDED and tenant in told:
            stands = _stands(one, row, newest=row is merged.rows[-1])
            told[tenant] += f"; its rollback by {row.asked_by}: {stands}"
    return told


def _stands(one: Deployment, row: Rollout, *, newest: bool) -> str:
    because, again = _because(one), _again(one, row, newest)
    step = f" at the step {in_code(one.failed_step)}" if one.failed_step else ""
    held = "it stays" if one.held_by in KEPT else "it is held"
    said = {
        State.SUCCEEDED: "it was updated",
        State.QUEUED: f"it goes in wave {one.wave}",
        State.RUNNING: "it is under way",
        State.ROLLED_BACK: (
            f"it was rolled back {one.reason}; `/orbits deploy {one.tenant}` brings it again"
        ),
        State.FAILED: f"it failed{step}{because}; mend the cause, then {again}",
        State.CANCELLED: f"it was cancelled{because}; {again}",
        State.HELD: "; ".join(filter(None, [f"{held}{because}", _let_go(one, newest)])),
        State.SKIPPED: f"it was left out{because}",
    }
    return said[State(one.state)]


def _because(one: Deployment) -> str:
    why = (one.problem or (one.reason if one.state == State.HELD else "")).removesuffix(".")
    return f": {why}" if why else ""


def _again(one: Deployment, row: Rollout, newest: bool) -> str:
    verb = "rollback" if row.kind == Kind.ROLLBACK else "deploy"
    return f"type `/orbits {'retry' if newest else verb} {one.tenant}`"


def _let_go(one: Deployment, newest: bool) -> str:
    if one.held_by in KEPT:
        return ""
    if one.held_by == HeldBy.APPROVAL:
        return "`/orbits approve` lets it go on"
    if one.held_by == HeldBy.FREEZE:
        return f"it goes on by itself, or now by `/orbits deploy {one.tenant} --force`"
    return f"`/orbits {'resume' if newest else f'deploy {one.tenant}'}` lets it go on"


def cut(lines: list[str]) -> str:
    """Join the first lines, and count the others."""
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"- … and {len(lines) - _MOST_LINES} more"]
    return "\n".join(lines)
