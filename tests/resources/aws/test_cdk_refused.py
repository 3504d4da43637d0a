"""Apps and stacks of the CDK that cannot be deployed say why, and what to do."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.engine.engine import Engine
from resources.errors import StepFailed
from tests.resources.aws.cdk_apps import app_in, bootstrap, stack
from tests.resources.aws.cloud import ACME, GLOBEX, Cloud


@pytest.fixture
async def engine(cloud: Cloud) -> AsyncIterator[Engine]:
    for account in (ACME, GLOBEX):
        bootstrap(account)
    async with cloud.engine() as engine:
        yield engine


REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"image": True},
        (
            "The stack `Backend` needs images to be built: `Image`. Build and push them where "
            "Docker runs, and make their addresses parameters of the stack. Nothing was changed."
        ),
    ),
    (
        {"looks_up": True},
        (
            "The stack `Backend` cannot be synthesized for all tenants: its app looks up `vpc` in "
            "an account. Make these parameters of the stack, or commit the cdk.context.json that "
            "has them. Nothing was changed."
        ),
    ),
    (
        {"environment": f"aws://{GLOBEX}/eu-west-1"},
        (
            f"The stack `Backend` is not deployed to aws://{ACME}/eu-west-1: its app binds it to "
            f"aws://{GLOBEX}/eu-west-1. Leave `env` of the stack out, so that it is for all "
            "tenants. Nothing was changed."
        ),
    ),
]


@pytest.mark.parametrize(("context", "said"), REFUSED)
async def test_what_cannot_be_deployed_for_all_tenants_is_refused(
    engine: Engine, cloud: Cloud, tmp_path: Path, context: dict[str, Any], said: str
) -> None:
    with pytest.raises(StepFailed) as failed:
        await engine.run(stack(cloud, app_in(tmp_path, context=context)))

    assert str(failed.value.cause) == said
    assert not cloud.side().stacks


async def test_a_stack_that_the_app_does_not_have_is_refused(
    engine: Engine, cloud: Cloud, tmp_path: Path
) -> None:
    frontend = stack(cloud, app_in(tmp_path)).model_copy(update={"stack": "Frontend"})

    with pytest.raises(StepFailed) as failed:
        await engine.run(frontend)

    assert str(failed.value.cause) == (
        "The app of the CDK has no stack `Frontend`; it has `Backend`. Name one of these. Nothing "
        "was changed."
    )


async def test_an_account_that_was_not_made_ready_is_named(cloud: Cloud, tmp_path: Path) -> None:
    async with cloud.engine() as engine:
        with pytest.raises(StepFailed) as failed:
            await engine.run(stack(cloud, app_in(tmp_path)))

    assert str(failed.value.cause) == (
        "The stack `Backend` is not deployed: the account 111122223333 was not made ready for the "
        "CDK in eu-west-1. Run `npx cdk bootstrap aws://111122223333/eu-west-1`, or let the stack "
        "use the `BootstraplessSynthesizer`, and retry. Nothing was changed."
    )


async def test_an_app_that_fails_or_makes_nothing_says_so(
    engine: Engine, cloud: Cloud, tmp_path: Path
) -> None:
    broken = app_in(tmp_path, argv=(sys.executable, "-c", "raise SystemExit('no such construct')"))
    with pytest.raises(StepFailed) as failed:
        await engine.run(stack(cloud, broken))
    assert "no such construct" in failed.value.tail
    assert not broken.assembly.exists()

    nothing = app_in(tmp_path, context={"forgets_to_synthesize": True})
    with pytest.raises(StepFailed) as failed:
        await engine.run(stack(cloud, nothing))
    assert str(failed.value.cause) == (
        f"`{sys.executable} app.py` of {nothing.source.path}/infra succeeded, but made no cloud "
        "assembly. Let it end with `app.synth()`, and retry."
    )
