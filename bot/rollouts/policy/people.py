"""Who somebody is on GitHub, and whom a rule of `orbits.toml` names."""

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.report.suggestions import closest, in_code
from bot.rollouts.policy.phrases import quoted

_PERSON = re.compile(r"@([A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}))")
_TEAM = re.compile(r"team:([A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9_.-]{1,100})")


class Role(StrEnum):
    """A role on a repository, in GitHub's words, from the least to the greatest."""

    NONE = "none"
    READ = "read"
    TRIAGE = "triage"
    WRITE = "write"
    MAINTAIN = "maintain"
    ADMIN = "admin"

    def reaches(self, least: "Role") -> bool:
        """Whether this is the other role, or a greater one."""
        roles = list(Role)
        return roles.index(self) >= roles.index(least)


_ROLES = {f"role:{role}": role for role in Role if role is not Role.NONE}


@dataclass(frozen=True)
class Actor:
    """Who asks for something: a login, the teams it is in (`organisation/slug`), and its role.

    A role of an organisation's own making counts as the one of GitHub that it is built on.
    """

    login: str
    teams: frozenset[str] = frozenset()
    role: Role = Role.NONE


@dataclass(frozen=True)
class Named:
    """Whom a rule names: a person, the members of a team, or those who have at least a role.

    Logins and teams are in small letters: GitHub compares them without regard to case.
    """

    text: str
    login: str | None = None
    team: str | None = None
    role: Role | None = None

    def is_met_by(self, actor: Actor) -> bool:
        """Whether the actor is whom this names."""
        if self.role is not None:
            return actor.role.reaches(self.role)
        if self.team is not None:
            return self.team in {team.casefold() for team in actor.teams}
        return self.login == actor.login.casefold()


def named(value: object) -> Named:
    """Read whom a rule names; raises `ValueError` worded to follow its key."""
    text = value if isinstance(value, str) else ""
    if person := _PERSON.fullmatch(text):
        return Named(text, login=person[1].casefold())
    if team := _TEAM.fullmatch(text):
        return Named(text, team=team[1].casefold())
    if text in _ROLES:
        return Named(text, role=_ROLES[text])
    meant = f"@{text}" if _PERSON.fullmatch(f"@{text}") else closest(text[:60], _ROLES)
    raise ValueError(
        f'is {quoted(value)}, which names nobody: write a person such as `"@maria"`, a team such '
        'as `"team:agency/ops"`, or a role such as `"role:maintain"`, which means those above it '
        f"too.{f' Did you mean {in_code(meant)}?' if meant else ''}"
    )
