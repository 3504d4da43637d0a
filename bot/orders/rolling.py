"""Commands on a rollout that goes on, waits or has ended: retry, pause, resume, approve."""

from contextlib import suppress
from functools import partial

from sqlmodel import Session, col, select

from bot.orders.asked import (
    Act,
    Asked,
    Desk,
    Known,
    chosen_tenants,
    counted,
    tenants_of,
    the_rollout,
)
from bot.rollouts.rows import change
from bot.rollouts.rows.begin import Hand
from bot.states import State
from bot.store.tables import Deployment, Rollout
from resources.errors import Refused


async def retry(desk: Desk, asked: Asked) -> Act:
    """Deploy again where it failed."""
    return partial(_retry, await Known.at(desk), asked)


async def pause(_: Desk, asked: Asked) -> Act:
    """Let nobody begin who has not begun."""

    def act(hand: Hand) -> str:
        why = f" ({asked.command.reason})" if asked.command.reason else ""
        names = change.pause(hand, the_rollout(hand, asked), f"{asked.login}{why}")
        return f"Paused before {counted(names)}. `/orbits resume` lets it go on."

    return act


async def resume(_: Desk, asked: Asked) -> Act:
    """Let a rollout go on that was paused, or has reached its failure limit."""

    def act(hand: Hand) -> str:
        return f"It goes on with {counted(change.resume(hand, the_rollout(hand, asked)))}."

    return act


async def approve(_: Desk, asked: Asked) -> Act:
    """Let a rollout begin that waits because it reaches many."""

    def act(hand: Hand) -> str:
        return f"Approved: it goes to {counted(change.approve(hand, the_rollout(hand, asked)))}."

    return act


async def cancel(desk: Desk, asked: Asked) -> Act:
    """End what has not begun and what goes on, with the scripts that it has started."""
    known = await Known.at(desk)

    def act(hand: Hand) -> str:
        names, runs = _cancel(known, asked, hand)
        for run_id in runs:
            # One that has ended in the meantime, or is being ended already, is left to its end.
            with suppress(Refused):
                desk.control.cancel_in(
                    hand.session, run_id, asked.login, asked.command.reason or ""
                )
        return f"Cancelled {counted(names)}."

    return act


def _retry(known: Known, asked: Asked, hand: Hand) -> str:
    row = the_rollout(hand, asked)
    tenants = _meant(known, asked, hand, row)
    names = counted(change.retry(hand, row, tenants))
    return f"Trying again: {names}. The comment above says how it ends."


def _cancel(known: Known, asked: Asked, hand: Hand) -> tuple[list[str], list[str]]:
    row = the_rollout(hand, asked)
    tenants = _meant(known, asked, hand, row)
    waiting, running = change.cancel(hand, row, tenants, asked.login)
    leg = [row.run_id] if row.state.terminal and row.run_id is not None else []
    return [*running, *waiting], [*_runs(hand.session, row, running), *leg]


def _runs(session: Session, row: Rollout, tenants: list[str]) -> list[str]:
    chosen = select(Deployment.run_id).where(
        col(Deployment.rollout_id) == row.id,
        col(Deployment.tenant).in_(tenants),
        col(Deployment.state) == State.RUNNING,
    )
    return [run_id for run_id in session.exec(chosen) if run_id is not None]


def _meant(known: Known, asked: Asked, hand: Hand, row: Rollout) -> list[str] | None:
    return chosen_tenants(asked.command.selector, known.tenants, tenants_of(hand, row))
