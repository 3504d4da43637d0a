"""What an app of the CDK has made: kept while it is used, made anew where it is not whole."""

import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path, PurePosixPath

import pytest

from bot.engine.engine import Engine
from bot.store.database import Database
from resources.aws import CdkApp, CdkSynth
from resources.aws.cdk.assembly import CloudAssembly
from resources.errors import Refused, StepFailed
from resources.library import SourceTree
from resources.library.git.trees import KEPT_ALWAYS, KEPT_FOR
from tests.resources.aws.cdk_apps import app_in

LONG = KEPT_FOR + timedelta(days=1)
NOT_WHOLE = """
import os, pathlib
out = pathlib.Path(os.environ["CDK_OUTDIR"])
out.mkdir()
(out / "manifest.json").write_text('{"artifacts": {')
"""


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[Engine]:
    async with Engine(database) as engine:
        yield engine


def rests(folder: Path, period: timedelta = LONG) -> None:
    """Let nobody have used it for so long."""
    then = folder.stat().st_mtime - period.total_seconds()
    os.utime(folder, (then, then))


async def test_what_no_run_has_used_for_long_goes_but_for_the_last_ten(
    engine: Engine, tmp_path: Path
) -> None:
    first, second = app_in(tmp_path), app_in(tmp_path, "b")
    await engine.run(CdkSynth(app=first))
    others = [first.assembly.with_name(f"{each:024}") for each in range(12)]
    killed = first.assembly.with_name(".tmp1")
    for age, folder in enumerate([killed, *others]):
        folder.mkdir()
        rests(folder, LONG + timedelta(hours=age))
    rests(first.assembly, 2 * LONG)
    # Asked for again, it is used again, though nothing is done.
    await engine.run(CdkSynth(app=first))

    await engine.run(CdkSynth(app=second))

    there = set(first.assembly.parent.iterdir())
    assert there == {first.assembly, second.assembly, *others[: KEPT_ALWAYS - 2]}


@pytest.mark.parametrize(
    ("broken", "left"),
    [
        ("manifest.json", '{"artifacts": {'),
        ("Backend.assets.json", ""),
        ("Backend.template.json", None),
    ],
)
async def test_one_that_is_not_whole_is_made_anew(
    engine: Engine, tmp_path: Path, broken: str, left: str | None
) -> None:
    app = app_in(tmp_path)
    await engine.run(CdkSynth(app=app))
    (app.assembly / broken).unlink()
    if left is not None:
        (app.assembly / broken).write_text(left)

    assembly = await engine.run(CdkSynth(app=app))

    assert json.loads((app.assembly / broken).read_text())
    assert assembly.stack("Backend").name == "Backend"


async def test_an_app_whose_manifest_is_broken_is_refused_and_leaves_nothing(
    engine: Engine, tmp_path: Path
) -> None:
    app = app_in(tmp_path, argv=(sys.executable, "broken.py"))
    (app.source.path / "infra" / "broken.py").write_text(NOT_WHOLE)

    with pytest.raises(StepFailed) as failed:
        await engine.run(CdkSynth(app=app))

    assert str(failed.value.cause) == (
        f"`{sys.executable} broken.py` of {app.source.path}/infra succeeded, but its cloud "
        "assembly is not whole: its manifest.json is no JSON (Expecting property name enclosed in "
        "double quotes: line 1 column 16 (char 15)). Let it end with `app.synth()`, and let "
        "nothing else write there. Nothing was changed."
    )
    assert list(app.assembly.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("manifest", "flaw"),
    [
        ("[]", "its manifest.json is no JSON object"),
        ('{"artifacts": {"Backend": {}}}', "it is written otherwise (KeyError: 'type')"),
    ],
)
def test_a_stack_of_one_that_was_broken_since_is_refused(
    tmp_path: Path, manifest: str, flaw: str
) -> None:
    (tmp_path / "manifest.json").write_text(manifest)

    with pytest.raises(Refused) as refused:
        CloudAssembly(path=tmp_path).stack("Backend")

    assert str(refused.value) == (
        f"The stack `Backend` cannot be read: the cloud assembly in {tmp_path} is not whole: "
        f"{flaw}. Retry, which makes it anew. Nothing was changed."
    )


async def test_a_source_tree_that_is_not_there_is_named(engine: Engine, tmp_path: Path) -> None:
    nowhere = SourceTree(path=tmp_path / "nowhere", revision="c" * 40)
    app = app_in(tmp_path, source=nowhere)

    assert await refusal(engine, app) == (
        f"cdk-synth-{app.fingerprint} is not synthesized: there is no source tree in "
        f"{nowhere.path} on this machine. Let a `Checkout` have it before, and retry. Nothing was "
        "changed."
    )


async def test_a_folder_that_the_source_tree_does_not_have_is_named(
    engine: Engine, tmp_path: Path
) -> None:
    app = app_in(tmp_path, directory=PurePosixPath("infar"))

    assert await refusal(engine, app) == (
        f"cdk-synth-{app.fingerprint} is not synthesized: the source tree {app.source.path} has no "
        "folder `infar`. Let `directory` name the one that has the app. Nothing was changed."
    )


async def refusal(engine: Engine, app: CdkApp) -> str:
    """Answer why it is not synthesized."""
    with pytest.raises(StepFailed) as failed:
        await engine.run(CdkSynth(app=app))
    return str(failed.value.cause)
