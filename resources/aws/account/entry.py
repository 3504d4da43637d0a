"""The way into a new account: its role is assumable only some time after the account is there."""

from datetime import timedelta
from typing import ClassVar

from resources.aws.account.refusals import not_let_in
from resources.aws.connection import AwsConnection
from resources.aws.failures import WITHOUT_RIGHTS, AwsFailed, asked
from resources.model.action import Action
from resources.model.retry import ONCE, Retry


class EnterAccount(Action):
    """Be inside an account by its role; tried for a quarter of an hour."""

    retry: ClassVar[Retry] = Retry(
        attempts=35,
        first=timedelta(seconds=5),
        longest=timedelta(seconds=30),
        jitter=0.1,
        unless=(*ONCE.unless, AwsFailed),
    )

    connection: AwsConnection
    identity: str
    number: str
    role: str

    async def run(self) -> str:
        """Answer as whom AWS sees us there, an ARN.

        Raises `OrbitsError` where the role may not be assumed, or not yet; `AwsFailed` where
        AWS does not know the workers at all, or does not answer.
        """
        client = await self.connection.inside(self.number, self.role).client("sts")
        try:
            return (await asked(client.get_caller_identity))["Arn"]
        except AwsFailed as failed:
            if failed.code in WITHOUT_RIGHTS:
                raise not_let_in(self.identity, self.number, self.role, failed.said) from failed
            raise
