"""From the text of a `tenants.toml` to what it says of each tenant, or to all its problems.

    [tenants.acme]
    ring = "canary"
    tags = ["retail"]
    services = ["backend", "site"]     # all of them, where the key is left out
    branches = { backend = "next" }
    variables = { region = "eu-west-1", password = "env:ACME_PASSWORD" }

What a table leaves out is as it is for a tenant that is added without it.
"""

from collections.abc import Mapping
from functools import partial
from typing import Annotated

from pydantic import AfterValidator, ValidationError

from bot.report.suggestions import in_code
from bot.rollouts.policy.findings import problems_of
from bot.rollouts.policy.phrases import Path, instead
from bot.rollouts.policy.problems import FileRefused, told
from bot.rollouts.policy.tables import Table
from bot.rollouts.policy.toml import parsed
from bot.rollouts.profiles.fields import Grounds, tenant_name
from bot.rollouts.profiles.profile import Profile

LARGEST = 16 * 1024 * 1024
"""Bytes of a `tenants.toml`."""


class _File(Table):
    tenants: dict[Annotated[str, AfterValidator(tenant_name)], Profile]


def read_tenants(text: str, called: str, grounds: Grounds) -> Mapping[str, Profile]:
    """Read the text of the file that is `called` so; answer profiles by tenant, in its order.

    Raises `FileRefused` with all problems at once.
    """
    refusal = partial(told, FileRefused, f"{in_code(called)} cannot be used. Nothing was changed.")
    text = text.removeprefix("\ufeff")
    raw = parsed(text, LARGEST, refusal)
    try:
        return _File.model_validate(raw, context=grounds).tenants
    except ValidationError as refused:
        raise refusal(problems_of(refused, raw, text, _unknown)) from refused


def _unknown(path: Path) -> str:
    table: type[Table] = _File if len(path) == 1 else Profile
    return f"is unknown.{instead(path[-1], table.known_keys())}"
