"""What there is to alert of the bot itself: an error that nobody foresaw, once an hour."""

from sqlmodel import Session, col, select

from bot.alerts.policies import kept_routes
from bot.alerts.routing import Matter
from bot.alerts.told import Found
from bot.report.alert import Alert, Verdict
from bot.report.suggestions import in_code
from bot.rollouts.policy.watching import Subject
from bot.store.tables import Mishap
from resources.model.resource import Severity


def find_mishap(session: Session, kind: str, host: str) -> Found | None:
    """Answer what there is to alert of a kind of error, in the last hour that had any."""
    chosen = select(Mishap).where(col(Mishap.kind) == kind)
    row = session.exec(chosen.order_by(col(Mishap.hour).desc()).limit(1)).first()
    if row is None:
        return None
    times = "once" if row.times == 1 else f"{row.times} times"
    alert = Alert(
        subject=f"bot/{kind}/{row.hour}",
        about=Subject.BOT,
        verdict=Verdict.BUG,
        severity=Severity.WARNING,
        title=f"Orbits itself has a problem: {kind}",
        what=" at ".join(filter(None, [in_code(row.what) if row.what else "", row.where])),
        since=f"{row.first_at:%Y-%m-%d %H:%M} UTC, {times}",
        spreading="it is tried again where that can help; deployments go on where they can",
        commands=("orbits runs --state failed",),
        host=host,
    )
    return Found(alert, Matter(Subject.BOT, Severity.WARNING), kept_routes(session))
