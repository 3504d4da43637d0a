"""Tenants' accounts with stacks in them, and an engine that deploys these."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from moto.cloudformation.models import cloudformation_backends
from moto.ssm.models import ssm_backends

import resources.aws
from bot.engine.engine import Engine
from bot.store.database import Database
from resources.aws import AwsConnection, CloudFormationStack
from resources.executors import LocalExecutor
from resources.masking import Masks
from resources.secrets import EnvironmentSecrets, Secrets
from tests.resources.aws.faithful_cloudformation import FaithfulCloudFormation
from tests.resources.passing_clock import PassingClock
from tests.resources.test_library_examples import Words
from tests.step_logs import printed_on

ACME, GLOBEX = "111122223333", "444455556666"
SITE = """
Parameters:
  Tenant: {Type: String}
  Color: {Type: String, Default: red}
Resources:
  Setting:
    Type: AWS::SSM::Parameter
    Properties: {Name: !Sub "/${Tenant}/color", Type: String, Value: !Ref Color}
Outputs:
  Setting: {Value: !Ref Setting}
"""
AT_ONCE = timedelta(milliseconds=1)


@dataclass
class Cloud:
    """The agency's cloud; without other words a tenant's stack is `SITE` in its account."""

    agency: AwsConnection
    database: Database
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    clock: PassingClock = field(default_factory=PassingClock)
    """That of AWS and of the bot."""

    def stack(
        self, tenant: str = "acme", account: str = ACME, **arguments: Any
    ) -> CloudFormationStack:
        """Answer the stack of a tenant."""
        if "template" not in arguments:
            arguments["template"] = self.write(SITE)
        return CloudFormationStack(
            connection=self.agency.inside(account),
            name=f"backend-{tenant}",
            parameters={"Tenant": tenant} | arguments.pop("parameters", {}),
            looks_every=AT_ONCE,
            **arguments,
        )

    def write(self, text: str, revision: str = "a") -> Path:
        """Write a template as of a revision, and answer its path."""
        path = self.folder / (revision * 40) / "deploy" / "stack.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def side(self, account: str = ACME) -> FaithfulCloudFormation:
        """Answer AWS's own side of an account."""
        region = self.agency.region
        return cast("FaithfulCloudFormation", cloudformation_backends[account][region])

    def setting(self, name: str, account: str = ACME) -> str | None:
        """Answer the value of a parameter in an account's store."""
        there = ssm_backends[account][self.agency.region].get_parameter(name)
        return there.value if there else None

    def set_by_hand(self, name: str, value: str, account: str = ACME) -> None:
        """Change the value of a parameter behind everybody's back."""
        there = ssm_backends[account][self.agency.region].get_parameter(name)
        assert there is not None
        there.value = value

    def delete_by_hand(self, name: str, account: str = ACME) -> None:
        """Delete a parameter behind everybody's back."""
        ssm_backends[account][self.agency.region].delete_parameter(name)

    def words(self, tree: Path) -> Words:
        """Answer what an example may name: the library, and the account of acme."""
        words = Words(tree, LocalExecutor())
        words.known |= vars(resources.aws)
        words.known |= {"acme": self.agency.inside(ACME), "home": self.folder / "home"}
        return words

    @property
    def log(self) -> str:
        """All that was printed."""
        return printed_on(self.database)

    @asynccontextmanager
    async def engine(self, more: Sequence[object] = ()) -> AsyncIterator[Engine]:
        """Work on the database, as a process of the bot does."""
        masks = Masks()
        secrets = Secrets(EnvironmentSecrets(self.environment), hear=masks.add)
        given = [secrets, masks, *more]
        async with Engine(self.database, clock=self.clock, given=given, masks=masks) as engine:
            yield engine
