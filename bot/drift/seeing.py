"""One look at a tenant's stack, as a step of whoever looks: what differs, or why nobody knows."""

from bot.drift.bounds import kept, kept_problem
from bot.drift.hand import Sight
from bot.drift.slots import USUAL
from resources.errors import StepFailed
from resources.fleet import Desired, Fleet
from resources.masking import Masks
from resources.model.resource import Resource
from resources.model.workflow import Workflow


async def look_at(by: Workflow, fleet: Fleet, desired: Desired) -> Sight | None:
    """Compare a tenant's stack with what is desired; `None` where somebody ended that."""
    masks = by.given(Masks)
    try:
        stack: Resource = fleet.stack(desired)
    except Exception as error:  # noqa: BLE001 (an agency's own code: one tenant fails alone)
        name = type(error).__name__
        return Sight(problem=f"its stack cannot be made of what is desired ({name})", every=USUAL)
    command = next((each for each in ("cycle", "plan") if stack.defines(each)), None)
    if command is None:
        return Sight(never=True)
    try:
        if command == "cycle":
            found = await by.do("cycle", stack, command="cycle")
        else:
            found = list((await by.do("plan", stack, command="plan")).changes)
    except StepFailed as failed:
        if failed.cancelled:
            return None
        problem = kept_problem(masks, f"step `{failed.step}`: {failed.summary}")
        return Sight(problem=problem, every=stack.cycle_every, ignores=stack.ignores)
    return Sight(differences=kept(masks, found), every=stack.cycle_every, ignores=stack.ignores)
