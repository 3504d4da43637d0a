"""A stack of an app of the CDK, deployed for one tenant."""

from pathlib import Path

from resources.aws.cdk.assembly import AssembledStack
from resources.aws.cdk.assets import Place, publish
from resources.aws.cdk.synth import CdkApp, CdkSynth
from resources.aws.cloudformation.arguments import StackArguments
from resources.aws.cloudformation.outputs import CloudFormationOutputs, outputs_of
from resources.aws.cloudformation.stack import CloudFormationStack
from resources.aws.cloudformation.stack_state import StackAddress, StackName
from resources.aws.cloudformation.template import LARGEST_SENT, Capability
from resources.aws.connection import AwsConnection
from resources.model.resource import Difference, Plan, Resource

AS_THE_CDK: tuple[Capability, ...] = (
    "CAPABILITY_IAM",
    "CAPABILITY_NAMED_IAM",
    "CAPABILITY_AUTO_EXPAND",
)
"""What the CDK's own tool lets every template do."""


class OfApp(Resource):
    """An app of the CDK, the stack of it that is meant, and where that is to be."""

    app: CdkApp
    stack: str
    connection: AwsConnection
    name: StackName


class CdkStack(StackArguments, OfApp):
    """A stack of an app of the CDK, for one tenant, in the account and region of `connection`.

        app = CdkApp(source=source, home=home, argv=("python3", "app.py"))
        outputs = await self.do("iac-deploy", CdkStack(
            app=app, stack="Backend", connection=acme, name="backend-acme",
            parameters={"Tenant": "acme"},
        ))
        address = outputs.value("Address")

    The app is run once for a commit, whichever tenants it is for: what differs between them are
    parameters of the stack (`CfnParameter`). The files that the stack needs are put into the
    bucket that `cdk bootstrap` made in the account; images are not built. The app may ask for
    `termination_protection` as well. Everything else is as with a `CloudFormationStack`, which
    deploys the template.
    """

    capabilities: tuple[Capability, ...] = AS_THE_CDK

    def identity(self) -> str:
        """Answer `cdk-{account}-{region}-{name}`."""
        return f"cdk-{self._address.unique}"

    async def output(self) -> CloudFormationOutputs:
        """Answer the stack's outputs."""
        return await outputs_of(self._address)

    async def define_update(self) -> None:
        """Synthesize, publish the files, and deploy the template."""
        stack = await self._synthesized()
        place = await Place.of(self.connection)
        place.demand_meant(stack)
        await place.demand_bootstrapped(stack)

        async def publish_assets() -> None:
            for asset in stack.assets:
                await publish(asset, place, self.log)

        if stack.assets:
            await self.do("publish-assets", publish_assets)
        await self.do("deploy", self._deployed(stack, place))

    async def define_plan(self) -> Plan:
        """Answer what would change in the stack."""
        stack = await self._synthesized()
        place = await Place.of(self.connection)
        place.demand_meant(stack)
        return await self.do("plan", self._deployed(stack, place), command="plan")

    async def define_cycle(self) -> list[Difference]:
        """Answer what was changed in the stack behind the app's back."""
        stack = await self._synthesized()
        return await self.do("look", self._deployed(stack, None), command="cycle")

    async def define_uninstall(self) -> None:
        """Delete the stack; the published files stay, as others may need them."""
        template = self.app.assembly / f"{self.stack}.template.json"
        stack = AssembledStack(name=self.stack, template=template)
        await self.do("delete", self._deployed(stack, None), command="uninstall")

    async def _synthesized(self) -> AssembledStack:
        assembly = await self.do("synth", CdkSynth(app=self.app))
        return assembly.stack(self.stack)

    def _deployed(self, stack: AssembledStack, place: Place | None) -> CloudFormationStack:
        large = place is not None and _is_large(stack.template)
        return CloudFormationStack(
            connection=self.connection,
            name=self.name,
            template=stack.template,
            bucket=place.filled(stack.bucket) if place and large and stack.bucket else None,
            parameters=self.parameters,
            secrets=self.secrets,
            tags={**stack.tags, **self.tags},
            capabilities=self.capabilities,
            termination_protection=self.termination_protection or stack.protected,
            consents_to_deletion=self.consents_to_deletion,
            looks_every=self.looks_every,
            ends_within=self.ends_within,
            patience=self.patience,
        )

    @property
    def _address(self) -> StackAddress:
        return StackAddress(connection=self.connection, name=self.name)


def _is_large(template: Path) -> bool:
    return template.stat().st_size > LARGEST_SENT
