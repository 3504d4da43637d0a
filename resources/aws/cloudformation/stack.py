"""Infrastructure as a template of CloudFormation: deployed, looked after and deleted."""

from contextlib import suppress
from pathlib import Path

from resources.aws.cloudformation.arguments import StackArguments
from resources.aws.cloudformation.change_set import ChangeSetMaker, put_away
from resources.aws.cloudformation.changes import made_anew, planned
from resources.aws.cloudformation.deploy import DeleteStack, DeployStack
from resources.aws.cloudformation.drift import (
    CAN_BE_LOOKED_AT,
    drift_of_resources,
    drift_of_stack,
    left_as,
    missing,
)
from resources.aws.cloudformation.outputs import CloudFormationOutputs, outputs_of
from resources.aws.cloudformation.stack_state import NOT_USABLE, StackAddress, StackName
from resources.aws.cloudformation.template import StackRequest
from resources.aws.connection import AwsConnection
from resources.aws.failures import AwsFailed, asked
from resources.errors import IdentityBusy
from resources.model.resource import Difference, Plan, Resource


class OfTemplate(Resource):
    """Where a stack is, and the file of its template."""

    connection: AwsConnection
    name: StackName
    template: Path
    sha256: str = ""
    bucket: str | None = None


class CloudFormationStack(StackArguments, OfTemplate):
    """What a template describes, for one tenant, in the account and region of `connection`.

        outputs = await self.do("iac-deploy", CloudFormationStack(
            connection=acme, name="backend-acme", template=source.path / "deploy" / "stack.yaml",
            parameters={"Tenant": "acme"}, secrets={"Password": "env:ACME_PASSWORD"},
        ))
        bucket = outputs.value("Bucket")

    Every change goes by a change set. Where that would remove or replace something whose
    policies do not keep it, it is refused unless `consents_to_deletion`. CloudFormation itself
    rolls back what fails. Going back to an older revision is deploying its template, with the
    parameters of then; what was created since the tenant's stack last succeeded, and not changed
    after that, goes without consent. Where a cycle has found drift, the next deployment reverts it.

    `template` is a file of a source tree. One whose path stays while its content changes needs
    its `sha256`, or a change of it is not seen. Beyond 51,200 bytes it goes by way of
    `bucket`, one of the stack's region. `secrets` are parameters, which the template must hide
    by `NoEcho`; with a new value behind the same reference, nothing is changed by itself.
    A stack with `termination_protection` is not uninstalled.
    """

    def identity(self) -> str:
        """Answer `cloudformation-{account}-{region}-{name}`."""
        return f"cloudformation-{self._address.unique}"

    async def output(self) -> CloudFormationOutputs:
        """Answer the stack's outputs."""
        return await outputs_of(self._address)

    async def define_update(self) -> None:
        """Deploy the template by a change set, and say whether the stack is protected."""
        await self.do(
            "deploy-stack",
            DeployStack(
                address=self._address,
                looks_every=self.looks_every,
                patience=self.patience,
                request=self._request,
                consents_to_deletion=self.consents_to_deletion,
            ),
            timeout=self.ends_within,
        )
        await self.do("protect-stack", self._protect)

    async def define_plan(self) -> Plan:
        """Answer what a change set says would change; it is removed again."""
        observed = await self._address.observed()
        if observed is not None and observed.in_progress:
            raise IdentityBusy(
                f"Nobody can tell what would change in the stack {self._address}: it is "
                f"{observed.status}. Ask again when that is done. Nothing was changed."
            )
        if observed is not None and observed.status in NOT_USABLE:
            return Plan(changes=(made_anew(observed.status),))
        maker = ChangeSetMaker(self._request, await self._values(), self.looks_every)
        name = f"orbits-plan-{self.run_id}"
        try:
            template = await self._request.read()
            made = await maker.made(name, template, observed)
        finally:
            with suppress(AwsFailed):  # what went wrong above is what matters
                await put_away(self._address, name)
        return planned(made.changes if made else ())

    async def define_cycle(self) -> list[Difference]:
        """Answer what was changed or deleted behind the template's back."""
        observed = await self._address.observed()
        if observed is None or observed.is_new:
            return [missing(self.name)]
        if observed.in_progress:
            raise IdentityBusy(
                f"The stack {self._address} cannot be looked at: it is {observed.status}. It is "
                "looked at again when its time comes."
            )
        if observed.status not in CAN_BE_LOOKED_AT:
            return [left_as(observed.status)]
        await self._values()  # so that no secret is shown in what is found
        known = await self.recorded(self)
        drift = drift_of_stack(
            observed,
            parameters=self.parameters,
            tags=self.tags,
            protected=self.termination_protection,
            outputs=known.outputs if known else None,
        )
        return drift + await drift_of_resources(self._address, self.looks_every, self.log)

    async def define_uninstall(self) -> None:
        """Delete the stack with all that its policies do not keep, unless it is protected."""
        await self.do(
            "delete-stack",
            DeleteStack(
                address=self._address, looks_every=self.looks_every, patience=self.patience
            ),
            timeout=self.ends_within,
        )

    async def _protect(self) -> None:
        observed = await self._address.observed()
        if observed is None or observed.protected is self.termination_protection:
            return
        client = await self._address.client()
        await asked(
            client.update_termination_protection,
            StackName=self.name,
            EnableTerminationProtection=self.termination_protection,
        )

    async def _values(self) -> dict[str, str]:
        revealed = {key: await self.reveal(secret) for key, secret in self.secrets.items()}
        return {**self.parameters, **revealed}

    @property
    def _address(self) -> StackAddress:
        return StackAddress(connection=self.connection, name=self.name)

    @property
    def _request(self) -> StackRequest:
        return StackRequest(
            address=self._address,
            template=self.template,
            sha256=self.sha256,
            bucket=self.bucket,
            parameters=self.parameters,
            secrets=self.secrets,
            tags=self.tags,
            capabilities=self.capabilities,
        )
