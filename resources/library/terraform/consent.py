"""The refusals of plans that would destroy what nobody has consented to lose."""

from collections.abc import Sequence
from datetime import datetime

from resources.errors import Refused
from resources.library.terraform.events import Change
from resources.library.way_back import named, what_goes, what_stays


def not_consented(identity: str, destroyed: Sequence[Change]) -> Refused:
    """Answer the refusal of a plan on the way forward, or of an uninstall."""
    return Refused(
        f"{identity} is not applied, as it would destroy what is there, and what is in "
        f"it:{named(destroyed)}\nSay `may_destroy=True` where that is meant. Nothing was changed."
    )


def not_consented_on_the_way_back(
    identity: str, destroyed: Sequence[Change], success: datetime | None
) -> Refused:
    """Answer the refusal of a plan that would destroy more than what is new since a success."""
    return Refused(
        f"{identity} is not taken back, as that would destroy {what_stays(success)}, and what is "
        f"in it:{named(destroyed)}\n{what_goes(success)} Say `may_destroy=True` where that is "
        "meant, or deploy a revision that has these. Nothing was changed."
    )
