"""Small apps of the CDK, accounts made ready for them, and the stacks of tenants."""

import shutil
import sys
from pathlib import Path, PurePosixPath
from typing import Any

from moto.s3.models import s3_backends
from moto.ssm.models import ssm_backends

from resources.aws import CdkApp, CdkStack
from resources.library import SourceTree
from tests.resources.aws import small_cdk_app
from tests.resources.aws.cloud import ACME, AT_ONCE, Cloud


def bootstrap(account: str) -> None:
    """Make an account ready, as `cdk bootstrap` does."""
    parameters = ssm_backends[account]["eu-west-1"]
    parameters.put_parameter(
        name=small_cdk_app.VERSION,
        description="",
        value="21",
        parameter_type="String",
        allowed_pattern="",
        keyid="",
        overwrite=False,
        tags=[],
        data_type="text",
        tier=None,
        policies=None,
    )
    s3_backends[account]["aws"].create_bucket(bucket_of(account), "eu-west-1")


def bucket_of(account: str) -> str:
    return f"cdk-hnb659fds-assets-{account}-eu-west-1"


def published(account: str) -> dict[str, bytes]:
    """Answer what is in the bucket of an account."""
    keys = s3_backends[account]["aws"].buckets[bucket_of(account)].keys
    return {name: key.value for name, key in keys.items()}


def app_in(folder: Path, revision: str = "a", **arguments: Any) -> CdkApp:
    """Answer the small app, as of a revision."""
    tree = folder / "trees" / (revision * 40)
    (tree / "infra").mkdir(parents=True, exist_ok=True)
    shutil.copy(small_cdk_app.__file__, tree / "infra" / "app.py")
    settings = {
        "source": SourceTree(path=tree, revision=revision * 40),
        "home": folder / "home",
        "directory": PurePosixPath("infra"),
        "argv": (sys.executable, "app.py"),
    }
    return CdkApp.model_validate(settings | arguments)


def stack(cloud: Cloud, app: CdkApp, tenant: str = "acme", account: str = ACME) -> CdkStack:
    return CdkStack(
        app=app,
        stack="Backend",
        connection=cloud.agency.inside(account),
        name=f"backend-{tenant}",
        parameters={"Tenant": tenant},
        looks_every=AT_ONCE,
    )
