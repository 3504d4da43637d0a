"""From the text of an `orbits.toml` to a policy, or to everything that is wrong with it."""

from collections.abc import Mapping

from pydantic import ValidationError

from bot.rollouts.policy.findings import problems_of
from bot.rollouts.policy.phrases import Path, instead
from bot.rollouts.policy.policy import Policy, RolloutPolicy, ServicePolicy
from bot.rollouts.policy.problems import refusal
from bot.rollouts.policy.tables import Rule, Table, WeeklyFreeze
from bot.rollouts.policy.toml import parsed
from bot.rollouts.policy.watching import DriftPolicy, Ignored, Route

POLICY_FILE = "orbits.toml"
"""Where a repository says how it is rolled out, at its root."""

LARGEST = 64 * 1024
"""Bytes of an `orbits.toml`."""

_TABLES: Mapping[str | int, type[Table]] = {
    "rollout": RolloutPolicy,
    "services": ServicePolicy,
    "freezes": WeeklyFreeze,
    "rules": Rule,
    "drift": DriftPolicy,
    "alerts": Route,
}
_BELONGS: Mapping[str | int, str] = {
    **dict.fromkeys(RolloutPolicy.known_keys(), "[rollout]"),
    "after": "[services.<name>]",
}


def read_policy(text: str) -> Policy:
    """Read an `orbits.toml`; of a repository without one, the text is empty.

    Raises `PolicyRefused` with all problems at once, and nothing else. What services say
    together, such as a circle of `after`, is looked at once each of them can be read.
    """
    text = text.removeprefix("\ufeff")
    raw = parsed(text, LARGEST, refusal)
    try:
        return Policy.model_validate(raw)
    except ValidationError as refused:
        raise refusal(problems_of(refused, raw, text, _unknown)) from refused


def _unknown(path: Path) -> str:
    name = path[-1]
    if name in _BELONGS:
        return f"is unknown here: it belongs in `{_BELONGS[name]}`."
    table = _TABLES[path[0]] if len(path) > 1 else Policy
    if path[:2] == ("drift", "ignore") and len(path) > 3:
        table = Ignored
    return f"is unknown.{instead(name, table.known_keys())}"
