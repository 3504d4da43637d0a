"""A plan as a row: told by one stack after the other, and concluded, or given up."""

from datetime import datetime

from sqlmodel import Session, col, select

from bot.rollouts.plans import notices
from bot.rollouts.plans.answers import Answer
from bot.rollouts.plans.outlook import Outlook
from bot.rollouts.rows import lookup
from bot.states import LIVE, State
from bot.store.tables import Plan, Run, Tenant
from resources.fleet import Desired


def desired(session: Session, key: str, attempt: int, tenant: str) -> Desired | None:
    """Answer what a tenant's stack would be: what it has, with the proposal's services at its head.

    `None` where nobody wants to know any more.
    """
    row, client = session.get(Plan, key), session.get(Tenant, tenant)
    if row is None or row.attempt != attempt or client is None:
        return None
    prospect = Outlook.model_validate(row.outlook).of(tenant)
    if prospect is None:
        return None
    has = {each.service: each.revision for each in lookup.deployed(session, tenant)}
    target = dict.fromkeys(prospect.services, row.head_sha)
    return Desired(tenant=tenant, revisions=has | target, variables=client.variables)


def note(session: Session, key: str, attempt: int, tenant: str, answer: Answer) -> None:
    """Note what a stack said, unless a newer attempt has begun."""
    row = session.get(Plan, key, with_for_update=True)
    if row is None or row.attempt != attempt:
        return
    prospect = Outlook.model_validate(row.outlook).of(tenant)
    services = prospect.services if prospect else ()
    kept = answer.model_copy(update={"services": services})
    row.said = {**row.said, tenant: kept.model_dump(mode="json")}


def conclude(session: Session, key: str, attempt: int, now: datetime) -> None:
    """Note that all who were to be asked have been asked, and let it be told."""
    row = session.get(Plan, key, with_for_update=True)
    if row is not None and row.attempt == attempt and row.state in LIVE:
        end(session, row, State.SUCCEEDED, now)


def close(session: Session, key: str, why: str, now: datetime) -> str | None:
    """Note that a pull request is merged, or given up; answer the run that nobody needs any more.

    A plan that was made stays what it is; one that was not is ended.
    """
    row = session.get(Plan, key, with_for_update=True)
    if row is None or row.closed:
        return None
    row.closed = why
    # Up to three thousand names of files, of which nothing more is to be reckoned.
    row.proposal = {**row.proposal, "paths": []}
    unfinished = row.state in LIVE
    if unfinished:
        row.attempt += 1
        row.state, row.finished_at = State.CANCELLED, now
        notices.mark_check(session, row, awaited=True)
    notices.mark_comment(session, row)
    return row.run_id if unfinished else None


def end_abandoned(session: Session, now: datetime) -> int:
    """End plans whose run has ended without concluding them, and answer how many."""
    ended = select(Plan, Run.state).join(Run, col(Run.id) == col(Plan.run_id))
    chosen = ended.where(col(Plan.state).in_(LIVE), col(Run.state).not_in(LIVE))
    rows = session.exec(chosen).all()
    for row, state in rows:
        cancelled = state == State.CANCELLED
        row.problem = None if cancelled else "The plan could not be made to its end."
        end(session, row, State.CANCELLED if cancelled else State.FAILED, now)
    return len(rows)


def end(session: Session, row: Plan, state: State, now: datetime) -> None:
    """Note how a plan has ended, and let it be told."""
    row.state, row.finished_at = state, now
    session.flush()
    notices.mark_check(session, row, awaited=True)
    notices.mark_comment(session, row)
