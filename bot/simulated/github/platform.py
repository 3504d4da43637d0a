"""The ground that everything stands on: the clock, the ids, the accounts."""

import base64
import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bot.simulated.github.accounts import Account, Kind
from bot.simulated.github.refusals import GitHubRefused


class Platform:
    """What all parts of one simulated GitHub share; nothing here knows of repositories."""

    def __init__(self, directory: Path, clock: Callable[[], datetime] | None, address: str) -> None:
        self.directory = directory
        self.address = address
        self.accounts: dict[str, Account] = {}
        self._clock = clock
        self._ids = itertools.count(1001)

    @property
    def api(self) -> str:
        """Where the REST API lives, as on GitHub Enterprise Server."""
        return f"{self.address}/api/v3"

    def now(self) -> datetime:
        """Return the time in UTC, by the injected clock."""
        return self._clock().astimezone(UTC) if self._clock else datetime.now(UTC)

    def next_id(self) -> int:
        """Return a number that nothing else has."""
        return next(self._ids)

    def account(self, login: str) -> Account | None:
        """Return the account of a login, which GitHub reads without regard to case."""
        return self.accounts.get(login.lower())

    def add_account(self, account: Account) -> None:
        """Take an account in; refused if the login is taken."""
        if not account.login.removesuffix("[bot]").replace("-", "").isalnum():
            raise GitHubRefused(
                f"{account.login!r} cannot be a login: letters, digits and hyphens."
            )
        if account.login.lower() in self.accounts:
            raise GitHubRefused(f"The login {account.login} is taken.")
        self.accounts[account.login.lower()] = account

    def new_account(self, login: str, kind: Kind) -> Account:
        """Create an account; refused if the login is taken."""
        account = Account(login, self.next_id(), kind)
        self.add_account(account)
        return account

    def account_of_email(self, email: str) -> Account | None:
        """Return whose commits carry an address."""
        wanted = (a for a in self.accounts.values() if a.signature.email == email)
        return next(wanted, None)


def stamp(moment: datetime) -> str:
    """Return a time as GitHub writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_id(kind: str, number: int) -> str:
    """Return the opaque id that GraphQL would know the thing by."""
    return base64.urlsafe_b64encode(f"0{len(kind)}:{kind}{number}".encode()).decode().rstrip("=")
