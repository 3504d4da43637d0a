"""Where GitHub is told of drift, and marking what it should say there as due."""

from collections.abc import Sequence

from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.drift.facts import facts_of
from bot.drift.finding import print_of
from bot.drift.life import Phase, Turn
from bot.outbox.announcement import announce, announce_again
from bot.outbox.budget import Rank
from bot.outbox.issue import Issue
from bot.outbox.marking import due, due_again, say
from bot.outbox.remark import Remark
from bot.report.drift import remark_of_change, remark_of_end, remark_of_return
from bot.report.drifting import ChangedFacts
from bot.store.tables import Drift, Notice, Watch

DRIFT = "drift"
UMBRELLA = "drift-umbrella"
ALERT, ALERT_OF_MANY = "drift-alert", "umbrella-alert"

TOLD = frozenset({Turn.OPENED, Turn.REOPENED, Turn.CHANGED, Turn.RESOLVED})
_PRINTED = 16


def issue_of(row: Drift) -> Issue:
    """Answer the issue of a tenant's drift."""
    since = row.opened_at.isoformat() if row.opened_at else None
    return Issue(row.repository, f"{DRIFT} {row.tenant}", row.issue, since)


def umbrella_of(repository: str) -> Issue:
    """Answer the issue of those of a repository who are told of together."""
    return Issue(repository, f"drifts of {repository}")


def mark(session: Session, row: Drift, turn: Turn) -> None:
    """Mark what GitHub should say of a drift as due, and who is to be alerted.

    What happened is said in a comment as well, where the issue is there to hold it.
    """
    if row.phase == Phase.DETECTED:
        return
    session.flush()
    rank = Rank.TURN if turn in TOLD else Rank.ANSWER
    if turn is Turn.REOPENED and not row.fixing:
        # Who repaired it the last time has done nothing yet about this one.
        row.fixed_by = row.fix_problem = None
    for issue in _places(session, row):
        due(session, issue, f"{DRIFT}:{row.tenant}", rank=rank)
    if turn in TOLD and not row.umbrella:
        _remark(session, row, turn)
    together = umbrella_of(row.repository)
    if row.umbrella or session.get(Notice, together.key) is not None:
        due(session, together, f"{UMBRELLA}:{row.repository}", rank=rank)
    subject, source = f"{DRIFT}/{row.tenant}", f"{ALERT}:{row.tenant}"
    if row.umbrella:
        # One for all of them: each would look at every other one.
        subject, source = f"{UMBRELLA}/{row.repository}", f"{ALERT_OF_MANY}:{row.repository}"
    if turn in TOLD:
        row.told = _prints(row)
        session.add(row)
        announce(session, subject, source, rank)
    else:
        announce_again(session, subject)


def mark_watch(session: Session, watch: Watch, repository: str = "") -> None:
    """Mark what GitHub should say of a tenant as due that cannot be looked at, or can be again.

    Where it has no issue yet, there is to be one in the `repository`.
    """
    session.flush()
    row = session.get(Drift, watch.tenant)
    source = f"{DRIFT}:{watch.tenant}"
    if row is not None and row.phase != Phase.DETECTED:
        for issue in _places(session, row):
            due(session, issue, source, rank=Rank.TURN)
    elif watch.unable_since is None:
        due_again(session, source, Rank.TURN)
    elif home := (row.repository if row else repository):
        since = watch.unable_since.isoformat()
        due(session, Issue(home, f"{DRIFT} {watch.tenant}", since=since), source, rank=Rank.TURN)
    announce(session, f"watch/{watch.tenant}", f"watch-alert:{watch.tenant}", Rank.TURN)


def told_in(session: Session, repository: str, number: int) -> list[str] | None:
    """Answer the tenants that an issue tells of; `None` for one that the store does not know."""
    for notice in _notices(session, repository, number):
        scheme, _, name = (notice.source or "").partition(":")
        if scheme == DRIFT:
            return [name]
        if scheme == UMBRELLA:
            return in_umbrella(session, name)
    return None


def in_umbrella(session: Session, repository: str) -> list[str]:
    """Answer the tenants of a repository that are told of together, also where that is hidden."""
    chosen = select(Drift.tenant).where(
        func.lower(col(Drift.repository)) == repository.lower(),
        col(Drift.umbrella),
        col(Drift.phase).in_([Phase.OPEN, Phase.ACKNOWLEDGED]),
    )
    return list(session.exec(chosen.order_by(col(Drift.tenant))))


def go_on_with(session: Session, tenant: str, repository: str, number: int) -> None:
    """Let an earlier issue of a tenant be its issue, while no other one is open."""
    row = session.get(Drift, tenant)
    if row is None or (row.phase in {Phase.OPEN, Phase.ACKNOWLEDGED} and not row.hidden):
        return
    for notice in _notices(session, repository, number):
        if notice.source == f"{DRIFT}:{tenant}":
            row.issue = Issue(**notice.target).number
            session.add(row)


def lose(session: Session, repository: str, number: int) -> bool:
    """Note that an issue is not there any more, so that it is made anew while there is drift."""
    notices = _notices(session, repository, number)
    for notice in notices:
        notice.number, notice.digest, notice.final = None, None, False
        notice.due, notice.changes = True, notice.changes + 1
        session.add(notice)
    return bool(notices)


def say_again(session: Session, repository: str, number: int) -> None:
    """Let an issue be written once more, though in the same words: it is not as we left it."""
    for notice in _notices(session, repository, number):
        notice.digest, notice.final = None, False
        notice.due, notice.changes = True, notice.changes + 1
        session.add(notice)


def _notices(session: Session, repository: str, number: int) -> Sequence[Notice]:
    chosen = select(Notice).where(
        col(Notice.account) == repository.partition("/")[0].lower(),
        col(Notice.kind) == Issue.kind,
        col(Notice.number) == number,
    )
    found = session.exec(chosen.order_by(col(Notice.key)))
    return [row for row in found if row.target["repository"].lower() == repository.lower()]


def _places(session: Session, row: Drift) -> list[Issue]:
    """Answer where it may be told of a drift: in its issue, and where that was before."""
    known = select(Notice).where(
        col(Notice.source) == f"{DRIFT}:{row.tenant}", col(Notice.kind) == Issue.kind
    )
    places = [Issue(**notice.target) for notice in session.exec(known)]
    now = [] if row.umbrella else [issue_of(row)]
    keys = {each.key for each in now}
    return now + [each for each in places if each.number == row.issue and each.key not in keys]


def _remark(session: Session, row: Drift, turn: Turn) -> None:
    """Say under the issue what happened, if it was there before that."""
    notice = session.get(Notice, issue_of(row).key)
    if turn is Turn.OPENED or notice is None or notice.number is None:
        return
    facts = facts_of(session, row.tenant)
    match turn:
        case Turn.REOPENED:
            words = remark_of_return(facts)
        case Turn.RESOLVED:
            words = remark_of_end(facts)
        case _:
            words = remark_of_change(_changed(row))
    row.changes += 1
    name = f"{DRIFT}/{row.tenant}/{row.issue}/{row.changes}-{turn}-{_state(row)}"
    say(session, Remark(row.repository, notice.number, name), words)


def _changed(row: Drift) -> ChangedFacts:
    before, now = row.told, _prints(row)
    return ChangedFacts(
        new=tuple(path for path in now if path not in before),
        changed=tuple(path for path in now if path in before and before[path] != now[path]),
        gone=tuple(path for path in before if path not in now),
        now=row.total,
    )


def _prints(row: Drift) -> dict[str, str]:
    return {each["path"]: print_of(each)[:_PRINTED] for each in row.differences}


def _state(row: Drift) -> str:
    """Answer what tells this state of a drift from another."""
    told = _prints(row) if row.phase != Phase.RESOLVED else {}
    return print_of("\n".join(f"{path} {told[path]}" for path in sorted(told)))[:_PRINTED]
