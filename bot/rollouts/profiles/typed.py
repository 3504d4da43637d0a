"""From the options of a command to what is said of tenants, or to all that is wrong with them."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from bot.report.suggestions import in_code
from bot.rollouts.policy.findings import findings
from bot.rollouts.policy.phrases import Path
from bot.rollouts.profiles.fields import Grounds, tenant_name
from bot.rollouts.profiles.profile import Profile
from bot.rollouts.profiles.variables import variable_of
from resources.errors import Refused

WRITTEN = "--variable {name}={value}"
"""How a variable is given on the command line."""

_OPTIONS = {
    "ring": "--ring",
    "tags": "--tag",
    "services": "--service",
    "branches": "--branch",
    "variables": "--variable",
}


@dataclass(frozen=True)
class Options:
    """What stands behind the options of a command; a branch is written `service=branch`."""

    ring: str | None = None
    tags: Sequence[str] = ()
    services: Sequence[str] = ()
    branches: Sequence[str] = ()
    variables: Sequence[str] = ()
    plain: Sequence[str] = ()

    def profile(
        self, services: Callable[[], Collection[str]], undone: str, name: str | None = None
    ) -> Profile:
        """Answer what they say; what is not named is not among its `model_fields_set`.

        Where a `name` is given, it is judged as well. Raises `Refused` with all problems at once,
        and with what was not done.
        """
        problems = [] if name is None else list(_wrong_name(name))
        given = {
            "ring": self.ring,
            "tags": list(self.tags),
            "services": list(self.services),
            "branches": _table(self.branches, "--branch", _branch_of, problems),
            "variables": _table(self.variables, "--variable", variable_of, problems),
        }
        raw = {key: value for key, value in given.items() if value not in (None, [], {})}
        try:
            profile = Profile.model_validate(raw, context=Grounds(services, self.plain, WRITTEN))
        except ValidationError as wrong:
            found = findings(wrong, raw, lambda _: "is unknown.")
            problems += [f"{_option(path)} {words}" for path, words in found]
        if problems:
            raise refused(problems, undone)
        return profile


def refused(problems: Sequence[str], undone: str) -> Refused:
    """Make one error of all problems, and of what was not done."""
    if len(problems) == 1:
        return Refused(f"{problems[0]} {undone}")
    return Refused("\n".join([undone, *(f"- {problem}" for problem in problems)]))


def _wrong_name(name: str) -> Iterator[str]:
    try:
        tenant_name(name)
    except ValueError as wrong:
        yield f"{in_code(name)} {wrong}"


def _table(
    texts: Sequence[str],
    option: str,
    read: Callable[[str], tuple[str, Any]],
    problems: list[str],
) -> dict[str, Any]:
    """Read options of which each names something, and note what is wrong with them."""
    table: dict[str, Any] = {}
    for text in texts:
        try:
            name, value = read(text)
        except Refused as wrong:
            problems.append(str(wrong))
            continue
        if name in table:
            problems.append(f"{in_code(f'{option} {name}')} is given twice.")
        table[name] = value
    return table


def _branch_of(text: str) -> tuple[str, str]:
    service, equals, branch = text.partition("=")
    if not equals:
        raise Refused(
            f"{in_code(f'--branch {text}')} names no service: write such as "
            "`--branch backend=next`."
        )
    return service, branch


def _option(path: Path) -> str:
    """Answer the option that a path of a profile stands for, such as `--variable database.key`."""
    first, *below = path
    names = [part for part in below if isinstance(part, str)]
    return in_code(" ".join(filter(None, [_OPTIONS[str(first)], ".".join(names)])), 200)
