"""What happened, on its way from an act to the webhooks of those who listen."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.simulated.github.accounts import Account
from bot.simulated.github.codebase import Codebase


@dataclass(frozen=True)
class Happening:
    """One event of one account, before it is addressed to anybody.

    With `only_for`, the id of an App, no other App hears of it.
    """

    event: str
    action: str | None
    sender: Account
    account: Account
    payload: dict[str, Any] = field(default_factory=dict)
    repository: Codebase | None = None
    only_for: int | None = None


Announce = Callable[[Happening], None]
