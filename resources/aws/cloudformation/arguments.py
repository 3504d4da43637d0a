"""What is said of a stack of CloudFormation, wherever its template comes from."""

from collections.abc import Mapping
from datetime import timedelta

from resources.aws.cloudformation.template import Capability
from resources.model.resource import Resource
from resources.secrets import Secret


class StackArguments(Resource):
    """The arguments that the CDK's stacks share with those of a template; they do nothing.

    In the class of a stack it is named first: then these come last in what is stored of it.
    """

    parameters: Mapping[str, str] = {}
    secrets: Mapping[str, Secret] = {}
    tags: Mapping[str, str] = {}
    capabilities: tuple[Capability, ...] = ()
    """What the template may do beyond the usual, such as `CAPABILITY_NAMED_IAM`."""
    termination_protection: bool = False
    consents_to_deletion: bool = False
    looks_every: timedelta = timedelta(seconds=5)
    ends_within: timedelta = timedelta(hours=4)
    """How long one deployment, or the deletion, may take."""
    patience: timedelta = timedelta(minutes=10)
    """How long is waited for others who work on the stack."""
