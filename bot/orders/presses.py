"""A button on a rollout's check: a command that is pressed, and obeys the rules of a typed one."""

from bot.commands.command import Command
from bot.commands.verbs import VERBS
from bot.orders.asked import Asked, Desk, addressed
from bot.orders.authority import demand_may
from bot.orders.orders import PREPARE, answer_of
from bot.outbox.marking import say
from bot.outbox.targets import Answer
from bot.rollouts.rows.begin import Hand
from bot.store.tables import Rollout
from resources.errors import Refused

PRESSABLE = frozenset({"approve", "retry", "resume", "rollback"})


async def press(desk: Desk, verb: str, rollout_id: str, login: str) -> bool:
    """Carry out a button of a rollout's check; answer whether it did anything.

    Where it is refused, the pull request says why. Heard twice it does nothing more: then the
    rollout goes on, or another one is the newest, and there is nothing left to do.
    """
    row = await desk.rollouts.database.read(lambda session: session.get(Rollout, rollout_id))
    if verb not in PRESSABLE or row is None or row.pull_request is None:
        return False
    asked = Asked(
        command=Command(VERBS[verb]),
        key=f"{rollout_id}/{row.leg}/{verb}",
        repository=row.repository,
        pull_request=row.pull_request,
        login=login,
        about=rollout_id,
    )
    try:
        await demand_may(desk, asked)
        act = await PREPARE[verb](desk, asked)
        await desk.rollouts.change(act)
    except Refused as refused:
        text = answer_of(refused)
        await desk.rollouts.change(lambda hand: _say(hand, asked, text))
        return False
    return True


def _say(hand: Hand, asked: Asked, text: str) -> None:
    where = Answer(asked.repository, asked.pull_request, asked.key)
    say(hand.session, where, addressed(asked.login, text))
