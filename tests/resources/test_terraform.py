"""A tenant's infrastructure by a real Terraform, whose state the bot keeps."""

from collections.abc import AsyncIterator

import pytest

from bot.engine.engine import Engine
from bot.store.database import Database
from bot.terraform_state import versions
from resources.errors import NotRunning, StepFailed
from resources.executors import LocalExecutor
from resources.library import TerraformModule, TerraformOutputs
from tests.resources.infrastructure import (
    DATABASE,
    SITE,
    Infrastructure,
    WrongStates,
)
from tests.resources.test_library_examples import Example, Words, example_of

ACME = "terraform-acme"


@pytest.fixture
async def engine(infrastructure: Infrastructure) -> AsyncIterator[Engine]:
    async with infrastructure.engine() as engine:
        yield engine


async def serials(database: Database) -> list[int]:
    kept = await database.read(lambda session: versions.versions(session, ACME))
    return [each.serial for each in kept]


async def test_a_module_is_planned_applied_and_answers_its_outputs(
    engine: Engine, infrastructure: Infrastructure, database: Database
) -> None:
    infrastructure.environment["ACME_PASSWORD"] = "correct-horse"
    acme = infrastructure.module(secrets={"password": "env:ACME_PASSWORD"})

    plan = await engine.run(acme, "plan")
    assert [(each.path, each.desired, each.observed) for each in plan.changes] == [
        ("terraform/terraform_data.site", "created", None)
    ]
    assert not plan.destructive
    outputs = await engine.run(acme)

    assert outputs == TerraformOutputs(values={"color": "red"}, sensitive=("password",))
    assert "terraform_data.site: Creation complete after 0s" in infrastructure.log
    assert "correct-horse" not in infrastructure.log
    assert 'Successfully configured the backend "http"!' in infrastructure.log
    assert "\x1b" not in infrastructure.log
    assert await serials(database) == [1]
    assert infrastructure.runs == []
    assert await engine.run(acme, "cycle") == []
    assert (await engine.run(acme, "plan")).changes == ()


async def test_one_that_does_not_run_says_where_its_outputs_are(
    infrastructure: Infrastructure,
) -> None:
    with pytest.raises(NotRunning) as refused:
        await infrastructure.module().output()

    assert str(refused.value) == (
        "TerraformModule is not running, so it has no steps and nobody to ask. Pass it to "
        "`self.do(name, ...)` of a workflow, or to the engine. What a resource answered when it "
        "was last brought about is `await self.recorded(resource)`."
    )


async def test_one_init_serves_all_tenants(engine: Engine, infrastructure: Infrastructure) -> None:
    await engine.run(infrastructure.module("acme"))
    outputs = await engine.run(infrastructure.module("globex", variables={"color": "blue"}))

    assert outputs["color"] == "blue"
    assert infrastructure.log.count("Terraform has been successfully initialized!") == 1


async def test_what_would_be_destroyed_needs_consent(
    engine: Engine, infrastructure: Infrastructure, database: Database
) -> None:
    infrastructure.write(database=DATABASE)
    await engine.run(infrastructure.module())
    blue = infrastructure.module(variables={"color": "blue"})

    plan = await engine.run(blue, "plan")
    assert plan.destructive
    with pytest.raises(StepFailed) as failed:
        await engine.run(blue)

    assert str(failed.value.cause) == (
        "terraform-acme is not applied, as it would destroy what is there, and what is in it:\n"
        "- replace terraform_data.database (cannot update)\n"
        "Say `may_destroy=True` where that is meant. Nothing was changed."
    )
    assert await serials(database) == [1]
    outputs = await engine.run(blue.model_copy(update={"may_destroy": True}))
    assert outputs["color"] == "blue"


async def test_an_older_revision_is_applied_to_the_state_of_today(
    engine: Engine, infrastructure: Infrastructure
) -> None:
    old = infrastructure.module()
    await engine.run(old)
    newer = infrastructure.write(revision="b", main=SITE.replace("color", "colour"))
    new = infrastructure.module(variables={"colour": "red"}, directory=newer)
    assert (await engine.run(new))["colour"] == "red"

    outputs = await engine.run(old, "rollback")

    assert outputs.values == {"color": "red"}


async def test_an_uninstall_destroys_with_consent_and_keeps_the_versions(
    engine: Engine, infrastructure: Infrastructure, database: Database
) -> None:
    await engine.run(infrastructure.module())

    with pytest.raises(StepFailed, match="it would destroy what is there"):
        await engine.run(infrastructure.module(), "uninstall")
    await engine.run(infrastructure.module(may_destroy=True), "uninstall")

    assert len(await serials(database)) == 2
    assert "Destroy complete! Resources: 1 destroyed." in infrastructure.log or (
        "terraform_data.site: Destruction complete" in infrastructure.log
    )


async def test_a_module_that_is_wrong_is_refused_with_its_file_and_line(
    engine: Engine, infrastructure: Infrastructure
) -> None:
    infrastructure.write(broken='resource "terraform_data" "x" {\n  colour = var.nothing\n}\n')

    with pytest.raises(StepFailed) as failed:
        await engine.run(infrastructure.module())

    assert failed.value.summary.startswith("`terraform plan` of terraform-acme failed: ")
    named = f"{infrastructure.source}/broken.tf:2: Error: "
    assert any(line.startswith(named) for line in failed.value.tail.splitlines())
    assert infrastructure.runs == []


async def test_a_variable_that_is_missing_is_named(
    engine: Engine, infrastructure: Infrastructure
) -> None:
    with pytest.raises(StepFailed) as failed:
        await engine.run(infrastructure.module(variables={}))

    assert failed.value.summary == (
        "`terraform plan` of terraform-acme failed: No value for required variable. The root "
        'module input variable "color" is not set, and has no default value. Use a -var or '
        "-var-file command line argument to provide a value for this variable."
    )


async def test_a_folder_without_a_module_is_refused(
    engine: Engine, infrastructure: Infrastructure
) -> None:
    nowhere = infrastructure.folder / "nowhere"
    nowhere.mkdir()
    (nowhere / "acme.tfvars").write_text('color = "red"\n')

    with pytest.raises(StepFailed) as failed:
        await engine.run(infrastructure.module(directory=nowhere))

    assert str(failed.value.cause) == (
        f"There is no Terraform module in {nowhere}: it has no `*.tf` files. Name the folder that "
        "has them. Nothing was changed."
    )


async def test_a_program_that_is_missing_is_named(
    engine: Engine, infrastructure: Infrastructure
) -> None:
    with pytest.raises(StepFailed, match="there is no program `terraform-9`"):
        await engine.run(infrastructure.module(binary="terraform-9"))


async def test_a_wrong_password_opens_no_state(infrastructure: Infrastructure) -> None:
    async with infrastructure.engine(WrongStates) as engine:
        with pytest.raises(StepFailed, match="HTTP remote state endpoint requires auth"):
            await engine.run(infrastructure.module())


async def test_where_nobody_knows_the_address_of_the_bot_it_is_asked_for(
    engine: Engine, infrastructure: Infrastructure
) -> None:
    infrastructure.address = None

    with pytest.raises(StepFailed) as failed:
        await engine.run(infrastructure.module())

    assert str(failed.value.cause) == (
        "The state of terraform-acme cannot be reached: this process serves nothing itself, and "
        "does not know where the bot is served. Set ORBITS_PUBLIC_URL to the address of `orbits "
        "serve`, as this machine reaches it, and retry. Nothing was changed."
    )


async def test_the_example_of_its_page(infrastructure: Infrastructure, database: Database) -> None:
    infrastructure.environment["ACME_DATABASE"] = "correct-horse"
    folder = infrastructure.write(
        main=SITE.replace("color", "tenant") + 'output "address" {\n  value = "a.internal"\n}\n',
        size='variable "size" {\n  type = number\n}\n',
    )
    words = Words(folder.parent, LocalExecutor())
    words.known["home"] = infrastructure.folder / "home"
    lines = f"{example_of(TerraformModule).lines}\n    assert address == 'a.internal'"
    async with infrastructure.engine(more=[words]) as engine:
        await engine.run(Example(lines=lines))
