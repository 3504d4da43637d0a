"""What a change set would do to the resources of a stack, and which of it would lose data."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from resources.errors import Refused
from resources.library.way_back import named, what_goes, what_stays
from resources.model.resource import Difference, Plan, Severity

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ChangeTypeDef, ResourceChangeTypeDef

_KEEPS = frozenset({"Retain", "Snapshot", "ReplaceAndRetain", "ReplaceAndSnapshot"})
_SHOWS_NOTHING = frozenset({"SyncWithActual"})


class Change(BaseModel):
    """What would be done to one resource; `act` and `replaced` are CloudFormation's own words.

    `kept`: nothing is lost, as its deletion policy keeps what is there or a snapshot of it, or it
    is gone already. `fields` are the properties that change.
    """

    model_config = ConfigDict(frozen=True)

    act: str
    resource: str
    kind: str
    physical: str = ""
    replaced: str = "False"
    kept: bool = False
    fields: tuple[str, ...] = ()

    @property
    def destroys(self) -> bool:
        """Whether what is there would go, or may go."""
        return not self.kept and (self.act == "Remove" or self._replaced)

    @property
    def difference(self) -> Difference:
        """The change as a plan shows it."""
        return Difference(
            path=self.resource,
            desired=None if self.act == "Remove" else self._becomes,
            observed=None if self.act == "Add" else "there",
            severity=Severity.CRITICAL if self.destroys else Severity.WARNING,
        )

    def __str__(self) -> str:
        what = "remove" if self.act == "Remove" else _REPLACES.get(self.replaced, "change")
        physical = f", {self.physical}" if self.physical else ""
        return f"{what} {self.resource} ({self.kind}{physical})"

    @property
    def _replaced(self) -> bool:
        return self.act in {"Modify", "Dynamic"} and self.replaced in _REPLACES

    @property
    def _becomes(self) -> str:
        if self.act in {"Add", "Import"}:
            return "created" if self.act == "Add" else "imported"
        what = {"True": "replaced", "Conditional": "perhaps replaced"}.get(self.replaced, "changed")
        return f"{what}: {', '.join(self.fields)}" if self.fields else what


_REPLACES = {"True": "replace", "Conditional": "perhaps replace"}


def changes_in(answered: "list[ChangeTypeDef]") -> tuple[Change, ...]:
    """Answer the changes of AWS's answer, but for those that change nothing."""
    changes = []
    for each in answered:
        change = each.get("ResourceChange")
        if change is None or change.get("Action") in _SHOWS_NOTHING:
            continue
        targets = [detail.get("Target", {}) for detail in change.get("Details", [])]
        fields = {target.get("Name") or target.get("Attribute", "") for target in targets}
        changes.append(
            Change(
                act=change.get("Action", "Modify"),
                resource=change.get("LogicalResourceId", ""),
                kind=change.get("ResourceType", ""),
                physical=change.get("PhysicalResourceId", ""),
                replaced=change.get("Replacement", "False"),
                kept=change.get("PolicyAction") in _KEEPS or _is_gone(change),
                fields=tuple(sorted(field for field in fields if field)),
            )
        )
    return tuple(changes)


def _is_gone(change: "ResourceChangeTypeDef") -> bool:
    """Answer whether somebody has deleted the resource already."""
    return change.get("ResourceDriftStatus") == "DELETED"


def planned(changes: tuple[Change, ...]) -> Plan:
    """Answer the changes as a plan."""
    return Plan(
        changes=tuple(change.difference for change in changes),
        destructive=any(change.destroys for change in changes),
    )


def made_anew(status: str) -> Difference:
    """Answer the change of a stack whose first creation failed, so that nothing is in it."""
    return Difference(path="stack", desired="deleted, and created anew", observed=status)


def not_consented(stack: str, destroying: Sequence[Change]) -> Refused:
    """Answer the refusal of changes that would destroy what is there."""
    return Refused(
        f"The stack {stack} is not changed, as that would destroy what is there, and what is in "
        f"it:{named(destroying)}\nSay `consents_to_deletion=True` where that is meant, or give "
        "these a `DeletionPolicy` and an `UpdateReplacePolicy` that keep them. Nothing was changed."
    )


def not_consented_on_the_way_back(
    stack: str, destroying: Sequence[Change], success: datetime | None
) -> Refused:
    """Answer the refusal of changes that would destroy more than what is new since a success."""
    return Refused(
        f"The stack {stack} is not taken back, as that would destroy {what_stays(success)}, and "
        f"what is in it:{named(destroying)}\n{what_goes(success)} Say `consents_to_deletion=True` "
        "where that is meant, or deploy a revision that has these. Nothing was changed."
    )
