"""Infrastructure that is not what is on record, though no object was touched since it was made."""

import asyncio
import os
from collections.abc import Sequence

from bot.engine.engine import Engine
from resources.library.terraform.states import StateAccess
from resources.model.resource import Difference
from resources.testing import RehearsedStates
from tests.resources.infrastructure import SITE, Infrastructure, terraform_or_skip

QUEUE = '\nresource "terraform_data" "queue" {\n}\n'
BACKEND = 'terraform {\n  backend "http" {\n  }\n}\n'


def told(found: Sequence[Difference]) -> list[tuple[object, ...]]:
    """Answer what is said of drift."""
    return [(each.path, each.desired, each.observed, each.severity) for each in found]


async def test_what_a_revision_that_is_not_on_record_has_left_is_found(
    infrastructure: Infrastructure,
) -> None:
    old = infrastructure.module()
    newer = infrastructure.write(revision="b", main=SITE, queue=QUEUE)
    async with infrastructure.engine() as engine:
        await engine.run(old)
        # What it is part of has failed later on, and is still at the older revision.
        await engine.run(infrastructure.module(directory=newer, variables={"color": "blue"}))

        found = await engine.run(old, "cycle")

    assert told(found) == [
        ("terraform/terraform_data.queue", None, "there", "critical"),
        ("terraform/terraform_data.site", "changed in place", "there", "warning"),
    ]


async def test_what_was_destroyed_together_with_its_state_is_found_and_made_again(
    infrastructure: Infrastructure,
) -> None:
    states, acme = RehearsedStates(), infrastructure.module()
    async with Engine(infrastructure.database, given=[states]) as engine:
        await engine.run(acme)
        await destroyed_by_hand(infrastructure, await states.access(acme.identity(), "by-hand"))

        found = await engine.run(acme, "cycle")

        assert told(found) == [("terraform/terraform_data.site", "created", None, "critical")]
        await engine.run(acme)
        assert await engine.run(acme, "cycle") == []


async def destroyed_by_hand(infrastructure: Infrastructure, access: StateAccess) -> None:
    folder = infrastructure.write(revision="f", main=SITE, backend=BACKEND)
    environment = {**os.environ, **access.variables(), "TF_VAR_color": "red"}
    for command in (["init"], ["destroy", "-auto-approve"]):
        process = await asyncio.create_subprocess_exec(
            terraform_or_skip(),
            *command,
            cwd=folder,
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
        )
        assert await process.wait() == 0


async def test_what_is_on_record_is_missing_where_its_state_is_lost(
    infrastructure: Infrastructure,
) -> None:
    acme = infrastructure.module()
    async with Engine(infrastructure.database, given=[RehearsedStates()]) as engine:
        assert await engine.run(acme, "cycle") == [], "it was never brought about"
        await engine.run(acme)

    async with Engine(infrastructure.database, given=[RehearsedStates()]) as engine:
        found = await engine.run(acme, "cycle")

    assert told(found) == [("terraform/terraform_data.site", "created", None, "critical")]
