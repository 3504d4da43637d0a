"""A command as it stands in a comment, and what carrying it out works with."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from bot.commands.command import Command
from bot.commands.values import Until
from bot.commands.verb import Place
from bot.drift.records import Drifts
from bot.engine.control.control import Control
from bot.github.door import GitHub
from bot.report.suggestions import in_code, listed
from bot.rollouts.affected import TenantFacts
from bot.rollouts.origin import Origin
from bot.rollouts.plans.records import Plans
from bot.rollouts.records import Rollouts
from bot.rollouts.rows import lookup
from bot.rollouts.rows.back import NoWay
from bot.rollouts.rows.begin import Hand
from bot.rollouts.selectors import Selector, select, select_services
from bot.store.tables import Rollout
from resources.errors import Refused
from resources.fleet import Fleet


@dataclass(frozen=True)
class Desk:
    """What commands are carried out with."""

    github: GitHub
    fleet: Fleet
    rollouts: Rollouts
    plans: Plans
    control: Control
    drifts: Drifts


@dataclass(frozen=True)
class Known:
    """What there is to choose from: the services of the fleet, and all tenants."""

    fleet: Fleet
    tenants: list[TenantFacts]

    @classmethod
    async def at(cls, desk: Desk) -> "Known":
        """Answer what there is just now."""
        return cls(desk.fleet, await desk.rollouts.tenants())


@dataclass(frozen=True)
class Asked:
    """A command, who gave it, and on which pull request, or issue that tells of drift.

    `key` tells it from all others. `about` is the rollout that was the newest when it came;
    `tenants` are those whose drift the issue tells of.
    """

    command: Command
    key: str
    repository: str
    pull_request: int
    login: str
    about: str | None
    place: Place = Place.PULL_REQUEST
    tenants: tuple[str, ...] = ()

    @property
    def is_on_issue(self) -> bool:
        """Whether it was given on an issue that tells of drift."""
        return self.place is Place.DRIFT_ISSUE

    @property
    def reason(self) -> str:
        """Why, as its author says, or where it was said."""
        return self.command.reason or f"`{self.command.line()}` on #{self.pull_request}"


Act = Callable[[Hand], str]
"""Changes rows in one transaction, and answers what is to be said; raises `Refused`."""

Prepare = Callable[[Desk, Asked], Awaitable[Act]]
"""Asks whatever must be asked outside a transaction; raises `Refused`."""


def the_rollout(hand: Hand, asked: Asked) -> Rollout:
    """Answer the newest rollout of the pull request; raises `Refused` where it moved on."""
    nothing = f"#{asked.pull_request} has no rollout: it begins when the pull request is merged."
    return the_rollouts(hand, asked, nothing)[-1]


def the_rollouts(hand: Hand, asked: Asked, nothing: str) -> list[Rollout]:
    """Answer the rollouts of the pull request, at least one, the oldest first.

    Raises `Refused` with `nothing` where there is none, and where another one began since.
    """
    rows = lookup.rollouts_of(hand.session, asked.repository, asked.pull_request)
    if not rows:
        raise Refused(nothing)
    if rows[-1].id != asked.about:
        raise Refused(
            f"Since you typed this, another rollout of #{asked.pull_request} began: look at the "
            "comment above, and type it again if it is still what you want."
        )
    return rows


def origin_of(asked: Asked, row: Rollout, verb: str) -> Origin:
    """Answer why there is a rollout that somebody asks for where an earlier one was of."""
    return Origin(
        key=f"{verb}/{asked.key}",
        repository=row.repository,
        branch=row.branch,
        sha=row.sha,
        pull_request=row.pull_request,
        title=row.title,
        author=row.author,
        asked_by=asked.login,
        url=row.url,
        reason=asked.command.reason,
    )


def tenants_of(hand: Hand, row: Rollout) -> list[str]:
    """Answer the tenants of a rollout, in the order in which they go."""
    return [each.tenant for each in lookup.deployments(hand.session, row.id)]


async def commit_named(desk: Desk, repository: str, short: str) -> str:
    """Answer the full name of a commit; raises `Refused` where there is none."""
    sha = await desk.github.commit(repository, short)
    if sha is None:
        raise Refused(f"{repository} has no commit {in_code(short)}.")
    return sha


def addressed(login: str, text: str) -> str:
    """Let a text begin with whom it is for."""
    name = f"@{login}"
    return text if text.startswith(name) else f"{name} {text}"


def chosen_tenants(
    selector: Selector, everyone: list[TenantFacts], among: list[str] | None = None
) -> list[str] | None:
    """Answer the tenants that a selector means, `None` where it narrows nothing.

    `among` are those of a rollout. Raises `Refused` where nobody of them is meant.
    """
    if not selector.terms:
        return None
    names = set(select(selector, everyone))
    chosen = [name for name in (among if among is not None else sorted(names)) if name in names]
    if not chosen:
        raise Refused(
            f"`{selector}` means nobody of this rollout, which goes to {listed(among or [])}."
        )
    return chosen


def chosen_services(selector: Selector, fleet: Fleet, among: list[str]) -> list[str]:
    """Answer the services that a selector means of those `among`; raises `Refused`."""
    names = set(select_services(selector, [service.name for service in fleet.services]))
    chosen = [name for name in among if name in names]
    if not chosen:
        raise Refused(f"`{selector}` means none of {listed(among)}.")
    return chosen


def end_of(until: Until | None, now: datetime) -> datetime | None:
    """Answer when something is over that is to last so long; raises `Refused` for the past."""
    end: datetime | None = None
    if isinstance(until, timedelta):
        end = now + until
    elif until is not None:
        end = datetime.combine(until, time(), tzinfo=UTC)
    if end is not None and end <= now:
        raise Refused(f"{until} is over: name a later day. Nothing was changed.")
    return end


def left_as_they_are(stays: Sequence[NoWay]) -> str:
    """Say of many at once why they stay."""
    by_reason: dict[str, list[str]] = {}
    for each in stays:
        by_reason.setdefault(each.why, []).append(each.tenant)
    return "; ".join(f"{listed(names)} ({why})" for why, names in by_reason.items())


def counted(names: list[str]) -> str:
    """Write who they are, and how many where they are more than one."""
    return listed(names) if len(names) == 1 else f"{len(names)} tenants: {listed(names)}"
