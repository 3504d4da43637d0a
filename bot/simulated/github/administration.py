"""What the administrators of a repository set: what it is for, how it merges, and its rules."""

from dataclasses import dataclass, field, fields
from typing import Any

from bot.simulated.github.refusals import GitHubRefused, invalid

MERGE_METHODS = {
    "merge": "allow_merge_commit",
    "squash": "allow_squash_merge",
    "rebase": "allow_rebase_merge",
}
_WORDS = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}


@dataclass
class Administration:
    """The settings of one repository, by GitHub's names for them.

    Rulesets are kept and told, by their ids; nothing is refused because of them.
    """

    description: str | None = None
    is_template: bool = False
    archived: bool = False
    allow_merge_commit: bool = True
    allow_squash_merge: bool = True
    allow_rebase_merge: bool = True
    delete_branch_on_merge: bool = False
    rulesets: dict[int, dict[str, Any]] = field(default_factory=dict)

    def change(self, wanted: dict[str, Any]) -> None:
        """Take over those settings that are among `wanted`; refused as a whole or not at all."""
        named = {each.name for each in fields(self)} - {"rulesets"}
        found = {name: value for name, value in wanted.items() if name in named}
        for name, value in found.items():
            if not isinstance(value, str if name == "description" else bool):
                raise invalid("Repository", name)
        allowed = [found.get(name, getattr(self, name)) for name in MERGE_METHODS.values()]
        if not any(allowed):
            message = "Sorry, you need to allow at least one merge strategy."
            raise invalid("Repository", "merge_commit_allowed", "no_merge_method", message)
        for name, value in found.items():
            setattr(self, name, value)

    def demand_method(self, method: str) -> None:
        """Refuse to merge in a way that was switched off; an unknown way is others' to refuse."""
        if method in MERGE_METHODS and not getattr(self, MERGE_METHODS[method]):
            message = f"{_WORDS[method]} are not allowed on this repository."
            raise GitHubRefused(message, status=405)

    def demand_open(self) -> None:
        """Refuse changes to what is archived."""
        if self.archived:
            raise GitHubRefused("Repository was archived so is read-only.", status=403)
