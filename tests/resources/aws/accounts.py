"""The account that the tests are about, and how they learn what became of it."""

from typing import Any

import pytest

from bot.engine.engine import Engine
from resources.aws import AwsAccount, AwsConnection
from resources.errors import StepFailed

EMAIL = "aws+acme@agency.example"


def account(aws: AwsConnection, **given: Any) -> AwsAccount:
    """Answer the account of acme."""
    return AwsAccount(connection=aws, **{"id": "acme", "email": "aws+{id}@agency.example"} | given)


async def failure_of(engine: Engine, wanted: AwsAccount, command: str | None = None) -> StepFailed:
    """Answer why a command fails."""
    with pytest.raises(StepFailed) as failed:
        await engine.run(wanted, command)
    return failed.value
