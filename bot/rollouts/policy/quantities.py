"""How much of a rollout: counts and shares, the portions that waves are made of, and pauses."""

import re
from dataclasses import dataclass
from datetime import timedelta

from bot.rollouts.policy.phrases import quoted
from bot.rollouts.selectors import Kind, Selector, parse_selector
from resources.errors import Refused

LONGEST_PAUSE = timedelta(days=14)
LONGEST_SELECTOR = 200
LARGEST_COUNT = 1_000_000

_AMOUNT = re.compile(r"([0-9]{1,7})(%?)")
_MEANT_AS_AMOUNT = re.compile(r"-?[0-9]+|[^\s,:=]*%")
_PAUSE = re.compile("(?:([0-9]{1,7})d)?(?:([0-9]{1,7})h)?(?:([0-9]{1,7})m)?(?:([0-9]{1,7})s)?")
_OR_ELSE = 'a share such as `"25%"`, a count such as `"10"`, or `"rest"`'


@dataclass(frozen=True)
class Amount:
    """A count of tenants, or a percentage of all of them; never less than one."""

    number: int
    is_share: bool = False

    def __str__(self) -> str:
        return f"{self.number}%" if self.is_share else str(self.number)

    def of(self, total: int) -> int:
        """Answer how many that is of so many tenants; a part of a tenant counts as one."""
        return max(1, -(-total * self.number // 100)) if self.is_share else self.number


@dataclass(frozen=True)
class Portion:
    """Which of the tenants that are left one wave takes; without amount and selector, all.

    `text` is the portion as `orbits.toml` names it.
    """

    text: str
    amount: Amount | None = None
    selector: Selector | None = None


def amount(value: object) -> Amount:
    """Read a count or a share; raises `ValueError` worded to follow its key."""
    found = _AMOUNT.fullmatch(str(value)) if _is_countable(value) else None
    if found is None:
        raise ValueError(
            f"is {quoted(value)}, which is neither a count nor a share: "
            'write such as `3` or `"10%"`.'
        )
    number, most = int(found[1]), 100 if found[2] else LARGEST_COUNT
    if not 1 <= number <= most:
        raise ValueError(f"is {quoted(value)}: write 1{found[2]} to {most}{found[2]}.")
    return Amount(number, is_share=bool(found[2]))


def portion(value: object) -> Portion:
    """Read what one wave takes; raises `ValueError` worded to follow its key.

    What looks like a count, a share or the rest is one; a tenant of that name is `tenant:10`.
    """
    if isinstance(value, str) and value.strip().lower() == "rest":
        return Portion("rest")
    if isinstance(value, str) and not _MEANT_AS_AMOUNT.fullmatch(value):
        try:
            return Portion(value, selector=selector(value))
        except ValueError as error:
            raise ValueError(f"{error} For a wave there is also {_OR_ELSE}.") from error
    size = amount(value)
    return Portion(str(size), amount=size)


def selector(value: object) -> Selector:
    """Read a selector of tenants; raises `ValueError` worded to follow its key."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f'is {quoted(value)}: write a selector, such as `"ring:canary"`.')
    if len(value) > LONGEST_SELECTOR:
        raise ValueError(f"is longer than {LONGEST_SELECTOR} characters: give the tenants a tag.")
    try:
        found = parse_selector(value)
    except Refused as refused:
        raise ValueError(f"cannot be read: {refused}") from refused
    if any(term.kind is Kind.SERVICE for term in found.terms):
        raise ValueError(
            f"is {quoted(value)}, which speaks of services: write which tenants are meant. What "
            "is for one service alone belongs in `[services.<name>]`."
        )
    return found


def pause(value: object) -> timedelta:
    """Read a duration; raises `ValueError` worded to follow its key."""
    found = _PAUSE.fullmatch(value) if isinstance(value, str) and value else None
    if found is None:
        raise ValueError(
            f"is {quoted(value)}, which is no duration: "
            'write such as `"90s"`, `"10m"`, `"1h30m"` or `"2d"`, up to 14 days.'
        )
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if length > LONGEST_PAUSE:
        raise ValueError(f"is {quoted(value)}, which is longer than 14 days.")
    return length


def _is_countable(value: object) -> bool:
    """Whether it may be written out: a text, or a number that is not of thousands of digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) <= LARGEST_COUNT
    return isinstance(value, str)
