"""What there is to alert of a rollout: who failed, whether it goes on, what may be typed."""

from collections import Counter
from collections.abc import Sequence

from sqlmodel import Session

from bot.alerts.policies import routes_in, tenants_named
from bot.alerts.routing import Matter
from bot.alerts.told import Found
from bot.report.alert import Alert, Detail, Link, Verdict
from bot.report.facts import DeploymentFacts, RolloutFacts
from bot.report.suggestions import in_code
from bot.report.verdict import tally
from bot.rollouts.facts import facts_of
from bot.rollouts.notices import check_of
from bot.rollouts.policy.watching import Subject
from bot.states import State
from bot.store.tables import Rollout
from resources.model.resource import Severity

_OVER = {
    State.CANCELLED: Verdict.CANCELLED,
    State.HELD: Verdict.HELD,
    State.ROLLED_BACK: Verdict.ROLLED_BACK,
}
_GOES = {State.QUEUED, State.RUNNING}
_LEFT = {State.QUEUED, State.RUNNING, State.WAITING}


def find_rollout(session: Session, rollout_id: str, host: str) -> Found | None:
    """Answer what there is to alert of a rollout, whether or not anything is wrong with it."""
    row = session.get(Rollout, rollout_id)
    if row is None:
        return None
    facts = facts_of(session, rollout_id)
    alert = rollout_alert(row, facts, host)
    return Found(
        alert=alert,
        matter=Matter(
            Subject.ROLLOUT, Severity(alert.severity), tenants_named(session, alert.tenants)
        ),
        routes=routes_in(row.policy),
        details=alert.details,
        ended=facts.state.terminal,
        size=len(facts.deployments),
        told_by=check_of(row),
    )


def rollout_alert(row: Rollout, facts: RolloutFacts, host: str) -> Alert:
    """Write down what there is to alert of a rollout."""
    failed = [one for one in facts.deployments if one.state is State.FAILED]
    verdict = _verdict(facts, failed)
    pull = facts.pull_request
    what = ", ".join(facts.services)
    return Alert(
        subject=f"rollout/{row.id}",
        about=Subject.ROLLOUT,
        verdict=verdict,
        severity=Severity.CRITICAL if verdict.is_wrong else Severity.NOTICE,
        title=f"{what if facts.asked else f'{what} → {row.sha[:7]}'}: {tally(facts)}",
        occasion=str(row.leg),
        what=_what(facts, failed),
        tenants=tuple(one.tenant for one in failed),
        since=f'#{pull.number} "{row.title}"' if pull else f'{row.sha[:7]} "{row.title}"',
        by=facts.asked or _by(row),
        spreading=_spreading(facts) if verdict.is_wrong else "",
        done=_done(failed),
        commands=_commands(facts),
        links=_links(row, host),
        details=tuple(map(_detail, failed)),
        host=host,
    )


def _verdict(facts: RolloutFacts, failed: Sequence[DeploymentFacts]) -> Verdict:
    if failed or facts.state is State.FAILED:
        return Verdict.FAILED if facts.state.terminal else Verdict.FAILING
    if not facts.state.terminal:
        return Verdict.RETRYING
    return _OVER.get(facts.state, Verdict.RECOVERED)


def _by(row: Rollout) -> str:
    if row.asked_by == row.author:
        return row.author
    return f"{row.author}, merged by {row.asked_by}"


def _what(facts: RolloutFacts, failed: Sequence[DeploymentFacts]) -> str:
    if len(failed) == 1:
        return _failure(failed[0])
    steps = Counter(one.failed_step for one in failed if one.failed_step)
    said = [f"step {in_code(step)} for {count} tenants" for step, count in steps.most_common(3)]
    if failed:
        return ", ".join(said) or failed[0].reason
    return facts.note


def _failure(one: DeploymentFacts) -> str:
    step = f"step {in_code(one.failed_step)}" if one.failed_step else ""
    return ": ".join(filter(None, [step, one.reason.removesuffix(".")])) or "it failed"


def _spreading(facts: RolloutFacts) -> str:
    counts = Counter(one.state for one in facts.deployments)
    left, held = sum(counts[state] for state in _LEFT), counts[State.HELD]
    kept = f", and {held} held back" if held else ""
    note = f" · {facts.note}" if facts.note else ""
    if facts.state in _GOES and left:
        return f"yes, {left} still to go{kept}{note}"
    if facts.state in _GOES:
        return f"no, it is about to end{kept}{note}"
    if facts.state is State.WAITING:
        return f"no, it waits{kept}{note}"
    return f"no, it has ended{kept}{note}"


def _done(failed: Sequence[DeploymentFacts]) -> str:
    back = [one.tenant for one in failed if one.rolled_back_to]
    left = [one.tenant for one in failed if not one.rolled_back_to]
    parts = []
    if back:
        to = {one.rolled_back_to for one in failed if one.rolled_back_to}
        where = f" to {to.pop()[:7]}" if len(to) == 1 else ""
        parts.append(f"rolled {_few(back)} back{where}")
    if left:
        parts.append(f"left {_few(left)} as the failure left it")
    return "; ".join(parts)


def _few(tenants: Sequence[str]) -> str:
    if len(tenants) > 3:
        return f"{len(tenants)} tenants"
    return " and ".join(filter(None, [", ".join(tenants[:-1]), tenants[-1]]))


def _commands(facts: RolloutFacts) -> tuple[str, ...]:
    if facts.pull_request is not None and facts.state in _GOES:
        return ("/orbits pause", "/orbits cancel")
    return tuple(step.strip("`") for step in facts.next_steps)


def _links(row: Rollout, host: str) -> tuple[Link, ...]:
    pull = f"https://{host}/{row.repository}/pull/{row.pull_request}"
    checks = Link("the checks", f"https://{host}/{row.repository}/commit/{row.sha}/checks")
    if row.pull_request is None:
        return (checks,)
    return (Link(f"{row.repository}#{row.pull_request}", pull), checks)


def _detail(one: DeploymentFacts) -> Detail:
    back = f" · rolled back to {one.rolled_back_to[:7]}" if one.rolled_back_to else ""
    run = f" · run {one.run_id}" if one.run_id else ""
    return Detail(one.tenant, f"{_failure(one)}{back}{run}", one.tail)
