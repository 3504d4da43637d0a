"""Commands that only tell: help, status."""

from functools import partial

from bot.commands.help import help_text
from bot.orders import drift_telling
from bot.orders.asked import Act, Asked, Desk, chosen_tenants
from bot.orders.explaining import cut
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


async def help_(_: Desk, asked: Asked) -> Act:
    """Say what can be typed."""
    return lambda _: help_text(asked.command.topic)


async def status(desk: Desk, asked: Asked) -> Act:
    """Say how the newest rollout stands, and who is held or pinned."""
    if asked.is_on_issue:
        return await drift_telling.status(desk, asked)
    return partial(_status, asked, await desk.rollouts.tenants())


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
    return "\n\n".join(filter(None, [*parts, cut(kept)]))


def _newest(hand: Hand, asked: Asked) -> Rollout:
    rows = lookup.rollouts_of(hand.session, asked.repository, asked.pull_request)
    if not rows:
        raise Refused(
            f"#{asked.pull_request} has no rollout yet: it begins when the pull request is merged. "
            "What the merge would do is in the check `orbits/plan`."
        )
    return rows[-1]
