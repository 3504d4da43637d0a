"""What a file of tenants changes of those that there are."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.rollouts.profiles.differences import TenantChange
from bot.rollouts.profiles.profile import Profile


@dataclass(frozen=True)
class Import:
    """What is to be done, by name; who is `left` is not in the file, and stays as it is."""

    changes: tuple[TenantChange, ...]
    same: int
    left: tuple[str, ...]

    @property
    def words(self) -> str:
        """What is done, in numbers, such as `1 added, 2 changed, 14 as they were`."""
        marks = [change.mark for change in self.changes]
        counts = {
            "added": marks.count("+"),
            "changed": marks.count("~"),
            "forgotten": marks.count("-"),
            "as they were": self.same + len(self.left),
        }
        return ", ".join(f"{count:,} {word}" for word, count in counts.items() if count) or "nobody"


def import_of(
    wanted: Mapping[str, Profile], there: Mapping[str, Profile], *, prune: bool
) -> Import:
    """Compare a file with the tenants that there are; `prune`: forget whom it does not name."""
    missing = tuple(name for name in sorted(there) if name not in wanted)
    named = [TenantChange(name, there.get(name), wanted[name]) for name in sorted(wanted)]
    changes = [change for change in named if change.differs]
    forgotten = [TenantChange(name, there[name], None) for name in missing if prune]
    return Import(
        changes=tuple(sorted([*changes, *forgotten], key=lambda change: change.name)),
        same=len(named) - len(changes),
        left=() if prune else missing,
    )
