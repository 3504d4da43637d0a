"""What a stack of CloudFormation answers to those who build on it, and how it can fail."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from resources.aws.cloudformation.stack_state import StackAddress
from resources.aws.connection import AwsConnection
from resources.errors import OrbitsError


class CloudFormationFailed(OrbitsError):
    """CloudFormation began an operation on a stack, and could not bring it about.

    `status` is how the stack was left, such as `UPDATE_ROLLBACK_COMPLETE`.
    """

    @property
    def status(self) -> str:
        """How the stack was left, in CloudFormation's own word; empty where nothing was begun."""
        return str(self.facts.get("status", ""))


class OutputMissing(OrbitsError):
    """A stack was asked for an output that its template does not have."""


class CloudFormationOutputs(BaseModel):
    """A stack that is there, and its outputs; `connection` leads into its account and region."""

    model_config = ConfigDict(frozen=True)

    name: str
    stack_id: str
    connection: AwsConnection
    outputs: Mapping[str, str] = {}

    def value(self, name: str) -> str:
        """Answer an output; raises `OutputMissing`, which names those that are there."""
        try:
            return self.outputs[name]
        except KeyError:
            there = ", ".join(f"`{each}`" for each in sorted(self.outputs)) or "none"
            raise OutputMissing(
                f"The stack {self.name} has no output `{name}`; it has {there}. Add it to the "
                "`Outputs` of the template, or ask for another."
            ) from None


async def outputs_of(address: StackAddress) -> CloudFormationOutputs:
    """Answer the outputs of a stack; raises `CloudFormationFailed` where it is not there."""
    observed = await address.observed()
    if observed is None:
        raise CloudFormationFailed(
            f"The stack {address} is not there: it was never deployed, or it is gone since. Deploy "
            "it, and see who deletes it. What it answered when it was last deployed is `await "
            "self.recorded(stack)`."
        )
    return CloudFormationOutputs(
        name=address.name,
        stack_id=observed.id,
        connection=address.connection,
        outputs=observed.outputs,
    )
