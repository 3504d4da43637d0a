"""A button on a rollout's check: a command that is pressed, and obeys the rules of a typed one."""

from dataclasses import dataclass

from sqlmodel import Session

from bot.commands.command import Command
from bot.commands.verbs import VERBS
from bot.orders.asked import Asked, Desk, addressed
from bot.orders.authority import demand_may
from bot.orders.orders import PREPARE, answer_of, settle
from bot.outbox.marking import say
from bot.outbox.targets import Answer
from bot.rollouts.rows import lookup
from bot.rollouts.rows.begin import Hand
from bot.states import State
from bot.store.tables import Order, Rollout
from resources.errors import Refused

PRESSABLE = frozenset({"approve", "retry", "resume", "rollback"})

MOVED_ON = "The rollout has moved on since that button was there: look at its check as it is now."


@dataclass(frozen=True)
class Press:
    """A button that somebody pressed: its verb, on which rollout, and in which leg of it."""

    verb: str
    rollout_id: str
    leg: int
    login: str

    @property
    def name(self) -> str:
        """What tells it from all others; the same person pressing it twice means it once."""
        return f"{self.rollout_id}/{self.leg}/{self.verb}/{self.login}"

    @classmethod
    def of(cls, identifier: str, rollout_id: str, login: str) -> "Press | None":
        """Answer what a button of ours, such as `retry-2`, means; `None`: it is none."""
        verb, _, leg = identifier.partition("-")
        if verb not in PRESSABLE or not leg.isdecimal():
            return None
        return cls(verb, rollout_id, int(leg), login)


async def press(desk: Desk, pressed: Press) -> bool:
    """Carry out a button of a rollout's check; answer whether there may be something to do.

    Where it is refused, the pull request says why. Heard twice, it is carried out once.
    """
    order = await desk.rollouts.change(lambda hand: _take_in(hand, pressed))
    if order is None:
        return False
    if order.state == State.SUCCEEDED:
        return True
    asked = Asked(
        command=Command(VERBS[pressed.verb]),
        key=order.comment,
        repository=order.repository,
        pull_request=order.pull_request,
        login=pressed.login,
        about=pressed.rollout_id,
    )
    try:
        await demand_may(desk, asked)
        act = await PREPARE[pressed.verb](desk, asked)
        await desk.rollouts.change(
            lambda hand: settle(
                hand, order, State.SUCCEEDED, lambda: act(_as_it_was(hand, pressed))
            )
        )
    except Refused as refused:
        text = answer_of(refused)
        await desk.rollouts.change(lambda hand: _refuse(hand, order, text))
        return False
    return True


async def retry_what_failed(desk: Desk, rollout_id: str, login: str) -> bool:
    """Try again what failed of a rollout, if anything did; answer as `press` does.

    *Re-run*, on a check where nothing failed, asks for nothing but the check itself.
    """
    leg = await desk.rollouts.database.read(lambda session: _failed_in(session, rollout_id))
    return leg is not None and await press(desk, Press("retry", rollout_id, leg, login))


def _take_in(hand: Hand, pressed: Press) -> Order | None:
    row = hand.session.get(Rollout, pressed.rollout_id)
    if row is None or row.pull_request is None:
        return None
    order = hand.session.get(Order, (pressed.name, 1), with_for_update=True)
    if order is None:
        order = Order(
            comment=pressed.name,
            number=1,
            repository=row.repository,
            pull_request=row.pull_request,
            login=pressed.login,
            line=f"/orbits {pressed.verb}",
            about=row.id,
            asked_at=hand.now,
        )
        hand.session.add(order)
    elif order.state == State.FAILED:
        # What was refused then may be allowed by now.
        order.state = State.QUEUED
    return order


def _as_it_was(hand: Hand, pressed: Press) -> Hand:
    """Answer the hand; raises `Refused` where the rollout is not as whoever pressed saw it."""
    if lookup.rollout(hand.session, pressed.rollout_id).leg != pressed.leg:
        raise Refused(MOVED_ON)
    return hand


def _refuse(hand: Hand, order: Order, text: str) -> None:
    settle(hand, order, State.FAILED, lambda: text)
    where = Answer(order.repository, order.pull_request, order.comment)
    say(hand.session, where, addressed(order.login, text))


def _failed_in(session: Session, rollout_id: str) -> int | None:
    row = session.get(Rollout, rollout_id)
    ended = [one.state for one in lookup.deployments(session, rollout_id)] if row else []
    return row.leg if row and State.FAILED in ended else None
