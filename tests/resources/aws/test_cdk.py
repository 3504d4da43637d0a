"""Tenants' stacks from an app of the CDK, which is run once for all of them."""

import io
import json
import os
import shutil
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.engine.engine import Engine
from resources.aws import CdkStack, CdkSynth
from resources.executors import LocalExecutor
from tests.resources.aws import small_cdk_app
from tests.resources.aws.cdk_apps import app_in, bootstrap, bucket_of, published, stack
from tests.resources.aws.cloud import ACME, GLOBEX, Cloud
from tests.resources.test_library_examples import Example, example_of

LONG = {"notes": "x" * 40_000}
"""Context that is too long for a variable of the environment."""
REAL_APP = """
const path = require('path');
const cdk = require('aws-cdk-lib');
const assets = require('aws-cdk-lib/aws-s3-assets');
const ssm = require('aws-cdk-lib/aws-ssm');

const app = new cdk.App();
const stack = new cdk.Stack(app, 'Backend');
const tenant = new cdk.CfnParameter(stack, 'Tenant');
const code = new assets.Asset(stack, 'Code', { path: path.join(__dirname, 'code') });
new ssm.StringParameter(stack, 'Setting', {
  parameterName: `/${tenant.valueAsString}/color`,
  simpleName: false,
  stringValue: app.node.tryGetContext('color'),
});
new cdk.CfnOutput(stack, 'Address', { value: `${tenant.valueAsString}.internal` });
new cdk.CfnOutput(stack, 'CodeKey', { value: code.s3ObjectKey });
app.synth();
"""


@pytest.fixture
async def engine(cloud: Cloud) -> AsyncIterator[Engine]:
    for account in (ACME, GLOBEX):
        bootstrap(account)
    async with cloud.engine() as engine:
        yield engine


async def test_it_is_synthesized_once_for_two_tenants_in_two_accounts(
    engine: Engine, cloud: Cloud, tmp_path: Path
) -> None:
    app = app_in(tmp_path)
    acme = await engine.run(stack(cloud, app))
    globex = await engine.run(stack(cloud, app, "globex", GLOBEX))

    assert (acme.value("Address"), globex.value("Address")) == ("acme.internal", "globex.internal")
    assert cloud.setting("/globex/color", GLOBEX) == "red"
    assert cloud.log.count("synthesized as nobody in ") == 1
    assert f"synthesized as nobody in {Path.home()}\n" not in cloud.log
    assert list((tmp_path / "home" / "assemblies").iterdir()) == [app.assembly]
    assert cloud.side().named("backend-acme").tags == {"made-by": "cdk"}


async def test_its_files_are_published_once_and_not_the_template(
    engine: Engine, cloud: Cloud, tmp_path: Path
) -> None:
    await engine.run(stack(cloud, app_in(tmp_path)))
    await engine.run(stack(cloud, app_in(tmp_path, "b")))

    ((name, content),) = published(ACME).items()
    assert name == f"{small_cdk_app.ASSET}.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["handler.py"]
    assert cloud.log.count(f"Published asset.{small_cdk_app.ASSET} to {bucket_of(ACME)}: ") == 1
    assert published(GLOBEX) == {}


async def test_a_new_revision_is_planned_and_deployed_and_rolled_back(
    engine: Engine, cloud: Cloud, tmp_path: Path
) -> None:
    first = stack(cloud, app_in(tmp_path))
    await engine.run(first)
    second = stack(cloud, app_in(tmp_path, "b", context={"color": "blue"}))

    plan = await engine.run(second, "plan")
    assert [(each.path, each.desired) for each in plan.changes] == [
        ("SettingP4E0919BE", "changed: Value")
    ]
    await engine.run(second)
    assert cloud.setting("/acme/color") == "blue"
    await engine.run(first, "rollback")
    assert cloud.setting("/acme/color") == "red"


async def test_its_drift_is_found_and_repaired(
    engine: Engine, cloud: Cloud, tmp_path: Path
) -> None:
    acme = stack(cloud, app_in(tmp_path))
    await engine.run(acme)
    assert await engine.run(acme, "cycle") == []
    cloud.set_by_hand("/acme/color", "pink")

    (found,) = await engine.run(acme, "cycle")
    assert (found.path, found.desired, found.observed) == ("SettingP4E0919BE/Value", "red", "pink")
    await engine.run(acme)

    assert cloud.setting("/acme/color") == "red"


@pytest.mark.thorough
async def test_an_uninstall_needs_no_synth(engine: Engine, cloud: Cloud, tmp_path: Path) -> None:
    acme = stack(cloud, app_in(tmp_path))
    await engine.run(acme)
    await engine.run(CdkSynth(app=acme.app), "uninstall")
    assert not acme.app.assembly.exists()

    await engine.run(acme, "uninstall")

    assert not cloud.side().stacks
    assert not acme.app.assembly.exists()


async def test_a_large_template_goes_by_way_of_the_bucket_of_the_account(
    engine: Engine, cloud: Cloud, tmp_path: Path
) -> None:
    outputs = await engine.run(stack(cloud, app_in(tmp_path, context={"padding": 60_000})))

    assert outputs.value("Address") == "acme.internal"
    assert [name for name in published(ACME) if name.startswith("orbits/templates/")] != []


async def test_what_its_cdk_json_says_is_done(engine: Engine, cloud: Cloud, tmp_path: Path) -> None:
    app = app_in(tmp_path, argv=(), prepare=((sys.executable, "-c", "print('prepared')"),))
    settings = {"app": f"{sys.executable} app.py", "context": {"color": "green", **LONG}}
    (tmp_path / "trees" / ("a" * 40) / "infra" / "cdk.json").write_text(json.dumps(settings))

    await engine.run(stack(cloud, app))

    assert cloud.setting("/acme/color") == "green"
    assert cloud.log.startswith("prepared\nsynthesized as nobody in ")


@pytest.mark.parametrize(
    ("documented", "then"),
    [(CdkStack, "address == 'acme.internal'"), (CdkSynth, "template.exists()")],
)
async def test_the_examples_of_their_pages(
    cloud: Cloud, tmp_path: Path, documented: type, then: str
) -> None:
    bootstrap(ACME)
    tree = tmp_path / "tree"
    tree.mkdir()
    shutil.copy(small_cdk_app.__file__, tree / "app.py")
    often = {'stack="Backend"': 'stack="Backend", looks_every=timedelta(milliseconds=1)'}
    example = example_of(documented, often if documented is CdkStack else {})

    async with cloud.engine([cloud.words(tree)]) as engine:
        await engine.run(Example(lines=f"{example.lines}\n    assert {then}"))


async def test_the_real_cdk_is_run_by_the_app_itself(
    engine: Engine, cloud: Cloud, tmp_path: Path
) -> None:
    modules = real_cdk_or_skip()
    tree = tmp_path / "trees" / ("a" * 40)
    (tree / "infra" / "code").mkdir(parents=True)
    (tree / "infra" / "code" / "handler.js").write_text("exports.handler = () => {};\n")
    (tree / "infra" / "app.js").write_text(REAL_APP)
    app = app_in(
        tmp_path,
        argv=("node", "app.js"),
        context={"color": "green", **LONG},
        executor=LocalExecutor(environment={"NODE_PATH": str(modules)}),
    )

    outputs = await engine.run(stack(cloud, app))

    assert outputs.value("Address") == "acme.internal"
    assert cloud.setting("/acme/color") == "green"
    assert list(published(ACME)) == [outputs.value("CodeKey")]
    assert await engine.run(stack(cloud, app), "cycle") == []


def real_cdk_or_skip() -> Path:
    """Answer the folder of modules with aws-cdk-lib in it, or skip the test."""
    if shutil.which("node") is None:
        pytest.skip("no `node`: https://nodejs.org/en/download")
    modules = Path(os.environ.get("ORBITS_TEST_CDK", "")) / "node_modules"
    if not (modules / "aws-cdk-lib").is_dir():
        pytest.skip(
            "no aws-cdk-lib: `npm install aws-cdk-lib constructs` in a folder, and name that in "
            "ORBITS_TEST_CDK"
        )
    return modules
