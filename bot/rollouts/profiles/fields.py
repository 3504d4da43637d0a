"""The grammar of a tenant's name, ring, tags, services and branches.

Every function here raises `ValueError` worded to follow what it is about, such as `--tag`.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationInfo

from bot.report.suggestions import closest, in_code, listed
from bot.rollouts.policy.phrases import quoted
from bot.rollouts.selectors import Kind, Term, parse_selector
from resources.errors import Refused

EVERYONE = "all"

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NO_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-./]|/\.|[./]$|\.lock(/|$)|^@$")
_LONGEST_BRANCH = 200


@dataclass(frozen=True)
class Grounds:
    """What is needed to judge what is said of tenants.

    `services` answers those of the fleet, and is asked only where one is named. `plain` are the
    variables that may hold a value though they are called like a secret; `written` is how one is
    given where these are read.
    """

    services: Callable[[], Collection[str]]
    plain: Collection[str] = ()
    written: str = '{name} = "{value}"'

    @classmethod
    def of(cls, info: ValidationInfo) -> "Grounds":
        """Answer the grounds that a validation was given; raises `TypeError` without any."""
        if not isinstance(info.context, cls):
            raise TypeError("what is said of a tenant is judged on grounds: give some as context")
        return info.context


def tenant_name(name: str) -> str:
    """Read the name of a tenant.

    A line that is meant for a tenant called `all` would reach everyone, so there is none. `to` and
    `because` mean something else in a command, and are named by `tenant:to`.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            "is no name for a tenant: use at most 63 small letters, digits and hyphens, such as "
            "`acme`."
        )
    if name == EVERYONE:
        raise ValueError("is no name for a tenant: in a selector it means every tenant.")
    return name


def ring(value: object) -> str:
    """Read a ring; letters are small or large alike, and are kept small."""
    return _label(Kind.RING, value, "canary")


def tag(value: object) -> str:
    """Read a tag; letters are small or large alike, and are kept small."""
    return _label(Kind.TAG, value, "retail")


def service(value: object, info: ValidationInfo) -> str:
    """Read the name of one of the fleet's services."""
    known = Grounds.of(info).services()
    if value not in known:
        raise ValueError(
            f"is {quoted(value)}, which is no service of the fleet.{_of(value, known)}"
        )
    return str(value)


def service_key(name: str, info: ValidationInfo) -> str:
    """Read the name of one of the fleet's services where that is a key."""
    known = Grounds.of(info).services()
    if name not in known:
        raise ValueError(f"is for no service of the fleet.{_of(name, known)}")
    return name


def branch(value: object) -> str:
    """Read the name of a branch, without `refs/heads/`, as git allows it."""
    if not isinstance(value, str):
        raise ValueError(f'is {quoted(value)}: write a branch in quotes, such as `"next"`.')  # noqa: TRY004 (pydantic gathers ValueErrors)
    if value.startswith("refs/"):
        plain = value.removeprefix("refs/heads/")
        raise ValueError(f"is {quoted(value)}: write the branch alone, such as {in_code(plain)}.")
    if not 0 < len(value) <= _LONGEST_BRANCH or _NO_BRANCH.search(value) or not value.isprintable():
        raise ValueError(f"is {quoted(value)}, which is no name that git allows for a branch.")
    return value


def _label(kind: Kind, value: object, such_as: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f'is {quoted(value)}: write a {kind} in quotes, such as `"{such_as}"`.')  # noqa: TRY004 (pydantic gathers ValueErrors)
    label = value.lower()
    if not _can_be_named(kind, label):
        raise ValueError(
            f"is {quoted(value)}, which no selector could name: begin with a letter or a digit, go "
            f"on with those and any of `_ . + / : = -`, such as {in_code(such_as)}."
        )
    return label


def _can_be_named(kind: Kind, label: str) -> bool:
    """Whether a selector can name this and nothing besides, such as `tag:retail`."""
    if any(wild in label for wild in "*?"):
        return False
    try:
        return parse_selector(f"{kind}:{label}").terms == (Term(kind, label),)
    except Refused:
        return False


def _of(typed: Any, known: Collection[str]) -> str:
    """Say what was probably meant, and what there is; with a blank before it."""
    near = closest(typed[:100], known) if isinstance(typed, str) else None
    guess = f" Did you mean {in_code(near)}?" if near else ""
    return f"{guess} There are: {listed(known) or 'none'}."
