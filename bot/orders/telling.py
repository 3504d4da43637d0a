"""Commands that only tell: help, status, explain."""

from functools import partial

from bot.commands.help import help_text
from bot.orders import drift_telling
from bot.orders.asked import Act, Asked, Desk, chosen_tenants
from bot.report.harmless import plain, words
from bot.report.sections import heading, origin, table, what_next
from bot.report.suggestions import in_code
from bot.rollouts.affected import TenantFacts
from bot.rollouts.facts import facts_of
from bot.rollouts.rows import holds, lookup
from bot.rollouts.rows.begin import Hand
from bot.store.tables import Rollout
from resources.errors import Refused

_ROOM = 20_000
_MOST_LINES = 200


async def help_(_: Desk, asked: Asked) -> Act:
    """Say what can be typed."""
    return lambda _: help_text(asked.command.topic)


async def status(desk: Desk, asked: Asked) -> Act:
    """Say how the newest rollout stands, and who is held or pinned."""
    if asked.is_on_issue:
        return await drift_telling.status(desk, asked)
    return partial(_status, asked, await desk.rollouts.tenants())


async def explain(desk: Desk, asked: Asked) -> Act:
    """Say why tenants and services are in or out."""
    if asked.is_on_issue:
        return await drift_telling.explain(desk, asked)
    return partial(_explain, asked, await desk.rollouts.tenants())


def _status(asked: Asked, everyone: list[TenantFacts], hand: Hand) -> str:
    row = _newest(hand, asked)
    facts = facts_of(hand.session, row.id)
    names = [each.tenant for each in facts.deployments]
    chosen = chosen_tenants(asked.command.selector, everyone, names)
    shown = [each for each in facts.deployments if chosen is None or each.tenant in chosen]
    parts = [f"{heading(facts)}\n{origin(facts)}", table(shown, _ROOM), what_next(facts)]
    kept = [
        f"- {plain(each.tenant)}: {in_code(each.service)} is {words(each.why)}"
        for each in holds.kept(hand.session, hand.now)
        if each.tenant in (chosen or names)
    ]
    return "\n\n".join(filter(None, [*parts, _lines(kept)]))


def _explain(asked: Asked, everyone: list[TenantFacts], hand: Hand) -> str:
    row = _newest(hand, asked)
    chosen = chosen_tenants(asked.command.selector, everyone)
    deployments = {each.tenant: each for each in lookup.deployments(hand.session, row.id)}
    lines = []
    for verdict in row.explanation:
        name = verdict["tenant"]
        if name is None or chosen is None or name in chosen:
            mark = "in" if verdict["affected"] else "out"
            why = verdict["sentence"]
            if name in deployments:
                why = f"{why}; {deployments[name].state}: {deployments[name].reason}"
            lines.append(f"- {plain(name or verdict['service'])} is {mark}: {words(why)}")
    return f"Why #{asked.pull_request} reaches whom it reaches:\n\n{_lines(lines)}"


def _newest(hand: Hand, asked: Asked) -> Rollout:
    rows = lookup.rollouts_of(hand.session, asked.repository, asked.pull_request)
    if not rows:
        raise Refused(
            f"#{asked.pull_request} has no rollout yet: it begins when the pull request is merged. "
            "What the merge would do is in the check `orbits/plan`."
        )
    return rows[-1]


def _lines(lines: list[str]) -> str:
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"- … and {len(lines) - _MOST_LINES} more"]
    return "\n".join(lines)
