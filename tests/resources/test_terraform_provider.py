"""A tenant's infrastructure by a real provider: what others do to it is seen, and put right."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select
from sqlmodel import Session, SQLModel

from bot.engine.engine import Engine
from bot.store.database import Database
from resources.errors import StepFailed
from tests.resources.provided_files import ProvidedFiles

PASSWORD = """
variable "password" {
  type      = string
  sensitive = true
}
"""


@pytest.fixture
async def engine(provided: ProvidedFiles) -> AsyncIterator[Engine]:
    async with provided.infrastructure.engine() as engine:
        yield engine


async def test_what_was_changed_or_removed_by_hand_is_found_and_put_right(
    engine: Engine, provided: ProvidedFiles
) -> None:
    module = provided.module(provided.write({"app": '"red"', "site": '"blue"'}))
    desired = {"app": "red", "site": "blue"}
    await engine.run(module)
    assert provided.there() == desired
    assert await engine.run(module, "cycle") == []

    (provided.folder / "app").write_text("by hand")
    (provided.folder / "site").unlink()

    found = await engine.run(module, "cycle")
    assert {(each.path, each.desired, each.observed, each.severity) for each in found} == {
        ("terraform/orbits_file.app", "as it was applied", "changed since", "warning"),
        ("terraform/orbits_file.site", "as it was applied", None, "critical"),
    }
    await engine.run(module)
    assert provided.there() == desired


@pytest.mark.thorough
async def test_what_a_newer_revision_added_goes_with_consent_only(
    engine: Engine, provided: ProvidedFiles
) -> None:
    old = provided.module(provided.write({"app": '"old"'}))
    new = provided.module(provided.write({"app": '"new"', "data": '"orders"'}, revision="b"))
    await engine.run(old)
    await engine.run(new)

    with pytest.raises(StepFailed) as failed:
        await engine.run(old, "rollback")

    assert "\n- delete orbits_file.data (delete because no resource config)\n" in str(
        failed.value.cause
    )
    assert provided.there() == {"app": "new", "data": "orders"}
    await engine.run(old.model_copy(update={"may_destroy": True}), "rollback")
    assert provided.there() == {"app": "old"}


@pytest.mark.thorough
async def test_what_cannot_be_changed_in_place_is_replaced_with_consent_only(
    engine: Engine, provided: ProvidedFiles
) -> None:
    directory = provided.write({"data": '"orders"'})
    await engine.run(provided.module(directory))
    elsewhere = provided.infrastructure.folder / "elsewhere"
    elsewhere.mkdir()
    moved = provided.module(directory, variables={"folder": str(elsewhere)})

    plan = await engine.run(moved, "plan")
    assert [(each.path, each.desired, each.observed) for each in plan.changes] == [
        ("terraform/orbits_file.data", "replaced, as it cannot update", "there")
    ]
    assert plan.destructive
    with pytest.raises(StepFailed, match="it would destroy what is there"):
        await engine.run(moved)

    assert provided.there() == {"data": "orders"}
    await engine.run(moved.model_copy(update={"may_destroy": True}))
    assert provided.there() == {}
    assert (elsewhere / "data").read_text() == "orders"


@pytest.mark.thorough
async def test_an_older_revision_that_knows_no_such_provider_is_gone_back_to(
    engine: Engine, provided: ProvidedFiles
) -> None:
    old = provided.infrastructure.module(executor=provided.executor, may_destroy=True)
    new = provided.module(provided.write({"app": '"new"'}, revision="b"), may_destroy=True)
    await engine.run(old)
    await engine.run(new)
    assert provided.there() == {"app": "new"}

    outputs = await engine.run(old, "rollback")

    assert outputs["color"] == "red"
    assert provided.there() == {}
    assert "making it ready for this run" in provided.infrastructure.log


async def test_no_secret_is_recorded_when_the_provider_tells_it(
    provided: ProvidedFiles, database: Database
) -> None:
    provided.infrastructure.environment["ACME_PASSWORD"] = "correct-horse"
    directory = provided.write({"first": "var.password", "second": "var.password"})
    (directory / "password.tf").write_text(PASSWORD)
    (provided.folder / "second").mkdir()
    module = provided.module(directory, secrets={"password": "env:ACME_PASSWORD"})

    async with provided.infrastructure.engine() as engine:
        with pytest.raises(StepFailed) as failed:
            await engine.run(module)

    assert provided.there() == {"first": "correct-horse"}
    assert failed.value.summary == (
        "`terraform apply` of terraform-acme failed: The file cannot be written. "
        f"{provided.folder}/second: Is a directory. It was to be: [masked]"
    )
    assert "correct-horse" not in f"{failed.value} {failed.value.tail}"
    recorded = await database.read(everything)
    assert recorded.count("It was to be: [masked]") == 2, "in the log, and in the failure"
    assert "correct-horse" not in recorded


def everything(session: Session) -> str:
    """Answer all rows of all tables."""
    connection, tables = session.connection(), SQLModel.metadata.sorted_tables
    return "\n".join(str(row) for table in tables for row in connection.execute(select(table)))
