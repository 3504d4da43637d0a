"""Accounts: the people, organizations and bots that a name on GitHub stands for."""

from dataclasses import dataclass
from typing import Literal

from bot.simulated.github.git import Signature

Kind = Literal["User", "Organization", "Bot"]


@dataclass(eq=False)
class Account:
    """Somebody or something with a login; two accounts are the same only if they are one object."""

    login: str
    id: int
    kind: Kind = "User"

    def members_of(self, team: str) -> set[str]:
        """Return the logins in a team of this account; only an organization has teams."""
        del team
        return set()

    @property
    def signature(self) -> Signature:
        """How git names them in commits."""
        address = f"{self.login}@users.noreply.github.com"
        return Signature(self.login, address)


GITHUB_SIGNATURE = Signature("GitHub", "noreply@github.com")
