"""What is recorded of a tenant's name: its own, and nothing of others whose names end alike."""

from datetime import UTC, datetime

import pytest
from sqlmodel import Session

from bot.rollouts.rows.left import recorded_of
from bot.store.database import Database
from bot.store.tables import Recorded, Tenant, TerraformState

AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a database of the test's own, of each kind in turn."""
    own = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(own)
    return url


def brought_about(identity: str, arguments: str) -> Recorded:
    return Recorded(
        identity=identity, kind="k:K", arguments=arguments, settled=True, run_id="r", updated_at=AT
    )


def state(identity: str, version: int, body: bytes) -> TerraformState:
    return TerraformState(
        identity=identity,
        version=version,
        serial=version,
        lineage="l",
        md5="m",
        size=len(body),
        body=body,
        run_id="r",
        at=AT,
    )


async def test_a_tenant_s_own_is_told_from_that_of_others(database: Database) -> None:
    def happened(session: Session) -> None:
        session.add(Tenant(name="big-acme", created_at=AT))
        session.add(brought_about("deployment-acme", '{"tenant":"acme","rollout_id":"r1"}'))
        session.add(brought_about("stack-acme", '{"tenant":"acme","revisions":{}}'))
        session.add(brought_about("files-stack-acme", '{"name":"stack-acme"}'))
        session.add(brought_about("stack-big-acme", '{"tenant":"big-acme","revisions":{}}'))
        session.add(brought_about("git-backend", '{"name":"backend","tenant":null}'))
        session.add(state("terraform-api-acme", 1, b"something"))
        session.add(state("terraform-api-big-acme", 1, b"something"))
        session.add(state("terraform-site-acme", 1, b"something"))
        session.add(state("terraform-site-acme", 2, b""))

    await database.write(happened)

    assert await database.read(lambda session: recorded_of(session, "acme")) == [
        "files-stack-acme",
        "stack-acme",
        "terraform-api-acme",
    ]
    assert await database.read(lambda session: recorded_of(session, "hooli")) == []
