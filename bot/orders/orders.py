"""Commands as rows: taken in with their comment, and each carried out once, in its turn."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bot.commands.command import NOTHING_WAS_STARTED, Command, Commands, Problems
from bot.commands.grammar import read
from bot.commands.verb import Place
from bot.orders import (
    deploying,
    drifting,
    explaining,
    going_back,
    keeping,
    planning,
    rolling,
    telling,
)
from bot.orders.asked import Asked, Desk, Prepare, addressed
from bot.orders.authority import demand_may
from bot.outbox.marking import say
from bot.outbox.targets import Answer, Reaction
from bot.rollouts.rows import lookup
from bot.rollouts.rows.begin import Hand
from bot.states import State
from bot.store.tables import Order
from resources.errors import Refused

LATEST = timedelta(hours=2)
"""What was typed longer ago, and is heard of only now, may not be what is wanted any more."""

UNCHANGED = (NOTHING_WAS_STARTED, "Nothing was changed.")
AFTER_A_REFUSAL = "Not carried out, as a command before it was refused."

PREPARE: dict[str, Prepare] = {
    "help": telling.help_,
    "status": telling.status,
    "explain": explaining.explain,
    "plan": planning.plan,
    "deploy": deploying.deploy,
    "retry": rolling.retry,
    "pause": rolling.pause,
    "resume": rolling.resume,
    "approve": rolling.approve,
    "cancel": rolling.cancel,
    "rollback": going_back.rollback,
    "hold": keeping.hold,
    "unhold": keeping.unhold,
    "pin": keeping.pin,
    "unpin": keeping.unpin,
    "drift check": drifting.check,
    "drift ack": drifting.acknowledge,
    "drift ignore": drifting.ignore,
    "drift fix": drifting.fix,
}
"""What carries out each verb."""


@dataclass(frozen=True)
class Commented:
    """A comment on a pull request, or on an issue that tells of the drift of `tenants`."""

    repository: str
    pull_request: int
    comment_id: int
    login: str
    body: str
    at: datetime
    place: Place = Place.PULL_REQUEST
    tenants: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What tells this comment from all others."""
        return f"{self.repository.lower()}/{self.comment_id}"


async def hear(desk: Desk, comment: Commented) -> bool:
    """Carry out what a comment asks for; answer whether it asks for anything.

    Heard twice, it is carried out once. Raises what GitHub raises where it cannot be asked: then
    it is to be heard again, and goes on where it was.
    """
    asked_for = read(comment.body, comment.place)
    if asked_for is None:
        return False
    if isinstance(asked_for, Problems):
        await desk.rollouts.change(lambda hand: _refuse(hand, comment, asked_for.text))
        return True
    orders = await desk.rollouts.change(lambda hand: _take_in(hand, comment, asked_for))
    if not orders:
        return True
    obstacle = _too_late(comment, desk.rollouts.clock.now())
    for order, command in zip(orders, asked_for.commands, strict=True):
        if order.state == State.QUEUED:
            order = await _carry_out(desk, comment, order, command, obstacle)  # noqa: PLW2901 (as it is now)
        if order.state == State.FAILED:
            obstacle = AFTER_A_REFUSAL
    await desk.rollouts.change(lambda hand: _tell(hand.session, comment))
    return True


def _too_late(comment: Commented, now: datetime) -> str | None:
    if now - comment.at <= LATEST:
        return None
    return (
        f"This was typed at {comment.at:%Y-%m-%d %H:%M} UTC, and reached me only now: look at how "
        "things stand, and type it again if it is still what you want. Nothing was started."
    )


def _refuse(hand: Hand, comment: Commented, text: str) -> None:
    say(hand.session, Reaction(comment.repository, comment.comment_id, "confused"))
    _answer(hand.session, comment, text)


def _take_in(hand: Hand, comment: Commented, asked_for: Commands) -> list[Order]:
    """Note what is asked for, and what of the pull request its author saw; not if it is too late.

    What was taken in before is known: what became of it in time stands.
    """
    known = _orders(hand.session, comment)
    if known:
        return known
    if too_late := _too_late(comment, hand.now):
        _refuse(hand, comment, too_late)
        return []
    rows = lookup.rollouts_of(hand.session, comment.repository, comment.pull_request)
    orders = [
        Order(
            comment=comment.name,
            number=number,
            repository=comment.repository,
            comment_id=comment.comment_id,
            pull_request=comment.pull_request,
            login=comment.login,
            line=command.line(),
            about=rows[-1].id if rows else None,
            asked_at=hand.now,
        )
        for number, command in enumerate(asked_for.commands, start=1)
    ]
    hand.session.add_all(orders)
    say(hand.session, Reaction(comment.repository, comment.comment_id, "eyes"))
    return orders


async def _carry_out(
    desk: Desk, comment: Commented, order: Order, command: Command, obstacle: str | None
) -> Order:
    asked = Asked(
        command=command,
        key=f"{comment.name}/{order.number}",
        repository=comment.repository,
        pull_request=comment.pull_request,
        login=comment.login,
        about=order.about,
        place=comment.place,
        tenants=comment.tenants,
    )
    try:
        if obstacle is None:
            await demand_may(desk, asked)
            act = await PREPARE[command.verb.name](desk, asked)
            return await desk.rollouts.change(
                lambda hand: settle(hand, order, State.SUCCEEDED, lambda: act(hand))
            )
        problem = obstacle
    except Refused as error:
        problem = answer_of(error)
    return await desk.rollouts.change(
        lambda hand: settle(hand, order, State.FAILED, lambda: problem)
    )


def answer_of(refused: Refused) -> str:
    """Answer a refusal as it is said to whoever gave the command."""
    why = str(refused)
    return why if why.endswith(UNCHANGED) else f"{why} {NOTHING_WAS_STARTED}"


def settle(hand: Hand, order: Order, state: State, act: Callable[[], str]) -> Order:
    """Carry out in the same transaction in which it is noted as done."""
    row = hand.session.get_one(Order, (order.comment, order.number), with_for_update=True)
    if row.state == State.QUEUED:
        row.answer = act()
        row.state, row.done_at = state, hand.now
    return row


def _tell(session: Session, comment: Commented) -> None:
    """React to a comment as its commands went, and answer what there is to say."""
    orders = _orders(session, comment)
    refused = any(order.state == State.FAILED for order in orders)
    how = "confused" if refused else "rocket"
    say(session, Reaction(comment.repository, comment.comment_id, how))
    if len(orders) == 1:
        _answer(session, comment, orders[0].answer)
    else:
        parts = [f"`{order.line}`\n\n{order.answer}" for order in orders]
        _answer(session, comment, "\n\n".join(parts))


def _answer(session: Session, comment: Commented, text: str) -> None:
    where = Answer(comment.repository, comment.pull_request, str(comment.comment_id))
    say(session, where, f"{addressed(comment.login, text)}\n")


def _orders(session: Session, comment: Commented) -> list[Order]:
    chosen = select(Order).where(col(Order.comment) == comment.name)
    return list(session.exec(chosen.order_by(col(Order.number))))
