"""The end of an account: AWS is asked to close it, and asked whether it does."""

from datetime import timedelta
from typing import ClassVar

from resources.aws.account.members import (
    GONE,
    UNTIL_IT_IS_FREE,
    Member,
    Organization,
    OrganizationBusy,
    reason_of,
)
from resources.aws.account.refusals import CLOSED, no_more_closures
from resources.aws.connection import AwsConnection
from resources.aws.failures import AwsFailed
from resources.model.action import LongAction
from resources.model.pending import Pending
from resources.model.retry import Retry

QUOTA = "CLOSE_ACCOUNT_QUOTA_EXCEEDED"
OVER = frozenset({GONE, "AccountAlreadyClosedException"})


class CloseAccount(LongAction):
    """Close an account; to close one that is closed is nothing."""

    repeatable: ClassVar[bool] = True
    retry: ClassVar[Retry] = UNTIL_IT_IS_FREE
    timeout: ClassVar[timedelta | None] = timedelta(hours=1)

    connection: AwsConnection
    identity: str
    account: Member

    async def start(self) -> str:
        """Ask for it, and answer the account's number; raises `Refused` at AWS's own limit."""
        try:
            await Organization(self.connection).close(self.account.number)
        except AwsFailed as failed:
            if reason_of(failed) == QUOTA:
                raise no_more_closures(self.identity, self.account) from failed
            if failed.code not in OVER:
                raise
        return self.account.number

    async def check(self, handle: str) -> str | Pending:
        """Answer the account's state once AWS closes it, which it goes on with by itself."""
        try:
            account = await Organization(self.connection).member(handle)
        except (OrganizationBusy, AwsFailed) as failed:
            if isinstance(failed, AwsFailed) and not failed.again:
                raise
            return Pending(progress=str(failed))
        if account is None:
            return "CLOSED"
        if account.state in CLOSED:
            return account.state
        return Pending(progress=f"AWS has not begun to close the account {handle}")
