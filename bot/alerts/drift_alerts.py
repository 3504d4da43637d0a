"""What there is to alert of drift, and of tenants that cannot be looked at."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from bot.alerts.policies import kept_routes, tenants_named
from bot.alerts.routing import Matter
from bot.alerts.told import Found
from bot.drift.life import Phase
from bot.outbox.announcement import Announcement
from bot.report.alert import Alert, Link, Verdict
from bot.report.suggestions import in_code
from bot.rollouts.policy.watching import Subject
from bot.store.tables import Drift, Notice, Watch
from resources.model.resource import Severity

UMBRELLA = "umbrella-alert"
_NEVER = datetime.max.replace(tzinfo=UTC)
_GRAVITY = list(Severity)
_VERDICTS = {
    Phase.OPEN: Verdict.DRIFTING,
    Phase.ACKNOWLEDGED: Verdict.ACKNOWLEDGED,
    Phase.IGNORED: Verdict.IGNORED,
    Phase.RESOLVED: Verdict.RESOLVED,
}
_ENDINGS_OF_MANY = {
    Verdict.DRIFTING: "drift",
    Verdict.ACKNOWLEDGED: "drift, and somebody knows",
    Verdict.RESOLVED: "are as desired again",
}
_ENDINGS = {
    Verdict.DRIFTING: "drifts",
    Verdict.ACKNOWLEDGED: "drifts, and somebody knows",
    Verdict.IGNORED: "may be as it is",
    Verdict.RESOLVED: "is as desired again",
}


def find_drift(session: Session, tenant: str, host: str) -> Found | None:
    """Answer what there is to alert of a tenant's drift; above some, of all in one."""
    row = session.get(Drift, tenant)
    if row is None or Phase(row.phase) is Phase.DETECTED or row.opened_at is None:
        return None
    if row.umbrella:
        return find_umbrella(session, row.repository, host)
    alert = _drift_alert(session, row, host)
    matter = Matter(Subject.DRIFT, Severity(alert.severity), tenants_named(session, alert.tenants))
    return Found(alert, matter, kept_routes(session, row.repository))


def find_umbrella(session: Session, repository: str, host: str) -> Found | None:
    """Answer what there is to alert of all whose drift is told together."""
    chosen = select(Drift).where(col(Drift.repository) == repository, col(Drift.umbrella).is_(True))
    every = sorted(session.exec(chosen), key=lambda each: each.tenant)
    if not every:
        return None
    alert = _umbrella_alert(every, host)
    tenants = tenants_named(session, alert.tenants or [each.tenant for each in every])
    matter = Matter(Subject.DRIFT, Severity(alert.severity), tenants)
    routes = kept_routes(session, repository)
    return Found(alert, matter, routes, source=f"{UMBRELLA}:{repository}")


def find_watch(session: Session, tenant: str, host: str) -> Found | None:
    """Answer what there is to alert of a tenant whose stack cannot be looked at."""
    row = session.get(Watch, tenant)
    if row is None:
        return None
    unable = row.unable_since is not None
    since = _moment(row.unable_since) if row.unable_since else ""
    verdict = Verdict.UNABLE if unable else Verdict.ABLE
    alert = Alert(
        subject=_subject_of_watch(session, row),
        about=Subject.DRIFT,
        verdict=verdict,
        severity=Severity.WARNING if unable else Severity.NOTICE,
        title=f"{tenant} {'cannot' if unable else 'can'} be looked at for drift"
        + ("" if unable else " again"),
        occasion=since,
        what=(row.problem or "the cycle failed") if unable else "",
        tenants=(tenant,),
        since=since,
        spreading="nobody knows whether it drifts" if unable else "",
        commands=(f"orbits drift check {tenant}",) if unable else (),
        host=host,
    )
    matter = Matter(Subject.DRIFT, Severity(alert.severity), tenants_named(session, (tenant,)))
    return Found(alert, matter, kept_routes(session))


def _drift_alert(session: Session, row: Drift, host: str) -> Alert:
    verdict = _VERDICTS[Phase(row.phase)]
    severity = _severity(row.differences) if verdict.is_wrong else Severity.NOTICE
    paths = [str(each["path"]) for each in row.differences]
    more = row.total - min(len(paths), 5)
    shown = ", ".join(map(in_code, paths[:5])) + (f" and {more} more" if more > 0 else "")
    return Alert(
        subject=f"drift/{row.tenant}/{_episode(row)}",
        about=Subject.DRIFT,
        verdict=verdict,
        severity=severity,
        title=f"{row.tenant} {_ENDINGS[verdict]}",
        occasion=str(severity),
        what=f"{row.total} {'difference' if row.total == 1 else 'differences'}: {shown}",
        tenants=(row.tenant,),
        since=_moment(row.found_at),
        by=f"{row.by}: {row.reason}" if row.by and row.reason else row.by or "",
        done=_repairs(row) if verdict.is_wrong or verdict is Verdict.RESOLVED else "",
        commands=("/orbits drift fix", "/orbits drift ack") if verdict.is_wrong else (),
        links=(_issue(session, row, host),),
        host=host,
    )


def _umbrella_alert(every: Sequence[Drift], host: str) -> Alert:
    repository = every[0].repository
    drifting = [each for each in every if each.phase == Phase.OPEN]
    known = [each for each in every if each.phase == Phase.ACKNOWLEDGED]
    left, began = drifting or known, _began(every)
    verdict = Verdict.DRIFTING if drifting else Verdict.ACKNOWLEDGED if known else Verdict.RESOLVED
    severities = [_severity(each.differences) for each in drifting]
    names = tuple(each.tenant for each in left)
    count = f"{len(names)} more {'tenant' if len(names) == 1 else 'tenants'} of {repository} drift"
    title = f"The other tenants of {repository} {_ENDINGS_OF_MANY[verdict]}"
    if not left and any(each.phase == Phase.IGNORED for each in every):
        title += ", or accepted as they are"
    return Alert(
        subject=f"umbrella/{repository}/{began.date()}",
        about=Subject.DRIFT,
        verdict=verdict,
        severity=max(severities, key=_GRAVITY.index, default=Severity.NOTICE),
        title=count if drifting else title,
        what=f"{sum(each.total for each in left)} differences" if names else "",
        tenants=names,
        since=_moment(min([each.found_at for each in left], default=began)),
        links=(Link(repository, f"https://{host}/{repository}/issues"),),
        host=host,
    )


def _subject_of_watch(session: Session, row: Watch) -> str:
    """Answer the subject since it cannot be looked at; once it can, that of the time before."""
    if row.unable_since is not None:
        return f"watch/{row.tenant}/{row.unable_since:%Y%m%dT%H%M%S}"
    told = select(Notice.target).where(
        col(Notice.source) == f"watch-alert:{row.tenant}", col(Notice.kind) != Announcement.kind
    )
    subjects = [str(target["subject"]) for target in session.exec(told)]
    return max(subjects, default=f"watch/{row.tenant}")


def _episode(row: Drift) -> str:
    """Answer what tells one time that it drifted, and was told, from another."""
    return f"{_told_at(row):%Y%m%dT%H%M%S}"


def _told_at(row: Drift) -> datetime:
    return max([row.opened_at or row.found_at, *map(datetime.fromisoformat, row.reopened)])


def _began(every: Iterable[Drift]) -> datetime:
    """Answer since when some of them have drifted, now or at last, at every moment.

    What was over before that is another matter, of which people were told long ago.
    """
    spans = sorted(((_ended_at(each), _told_at(each)) for each in every), reverse=True)
    (_, began), *earlier = spans
    for ended, told in earlier:
        if ended < began:
            break
        began = min(began, told)
    return began


def _ended_at(row: Drift) -> datetime:
    if row.phase in {Phase.OPEN, Phase.ACKNOWLEDGED}:
        return _NEVER
    return row.resolved_at or _told_at(row)


def _severity(differences: Iterable[dict[str, object]]) -> Severity:
    found = [Severity(str(each.get("severity", Severity.WARNING))) for each in differences]
    return max(found, key=_GRAVITY.index, default=Severity.WARNING)


def _repairs(row: Drift) -> str:
    if not row.fix:
        return ""
    times = "once" if row.fix == 1 else f"{row.fix} times"
    asked = f", asked for by {row.fixed_by}" if row.fixed_by else ""
    problem = f": {row.fix_problem}" if row.fix_problem else ""
    return f"repaired {times}{asked}{problem}"


def _issue(session: Session, row: Drift, host: str) -> Link:
    """Answer where its issue is, or where all of them are until it is there."""
    chosen = select(Notice.number).where(
        col(Notice.source) == f"drift:{row.tenant}", col(Notice.kind) == "issue"
    )
    number = max((each for each in session.exec(chosen) if each), default=None)
    issues = f"https://{host}/{row.repository}/issues"
    if number is None:
        return Link(row.repository, issues)
    return Link(f"{row.repository}#{number}", f"{issues}/{number}")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
