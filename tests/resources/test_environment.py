"""An environment is read from what infrastructure answers, and what is wrong with it is told."""

from pathlib import Path
from typing import Any

import pytest

from resources.aws import AwsConnection, CloudFormationOutputs
from resources.errors import OrbitsError
from resources.library import Environment, TerraformOutputs
from resources.library.environment import SshAccess, StackOutputs

WANTED = Environment(
    kind="ssh",
    directory=Path("/srv/acme"),
    database=Path("/srv/acme/db"),
    ssh=SshAccess(host="acme.example", user="deploy", known_hosts=""),
)
ACT = "(`directory` and `database` are needed, and what its `kind` needs), and deploy it again."


def by_terraform(value: Any) -> TerraformOutputs:
    return TerraformOutputs(values={"environment": value}, sensitive=("hidden",))


def by_cloudformation(text: str) -> CloudFormationOutputs:
    return CloudFormationOutputs(
        name="backend-acme",
        stack_id="1",
        connection=AwsConnection(region="eu-west-1"),
        outputs={"Environment": text},
    )


def refusal(outputs: TerraformOutputs | StackOutputs, name: str) -> str:
    with pytest.raises(OrbitsError) as refused:
        Environment.of(outputs, name)
    return str(refused.value)


def test_it_is_read_from_a_module_and_from_a_stack_alike() -> None:
    assert Environment.of(by_terraform(WANTED.model_dump(mode="json"))) == WANTED
    assert Environment.of(by_cloudformation(WANTED.model_dump_json()), "Environment") == WANTED


def test_what_is_missing_is_named_with_its_output() -> None:
    given = {"directory": "/srv/acme", "ssh": {"host": "acme.example", "user": "deploy"}}

    told = refusal(by_terraform(given), "environment")

    assert told == (
        "The output `environment` of the module says no environment: its field `database`: Field "
        "required; its field `ssh.known_hosts`: Field required. Correct what the module answers "
        f"{ACT}"
    )


@pytest.mark.parametrize("text", ["/srv/acme", '"/srv/acme"', ""])
def test_what_is_no_object_is_told_with_its_stack(text: str) -> None:
    told = refusal(by_cloudformation(text), "Environment")

    assert told == (
        "The output `Environment` of the stack backend-acme says no environment: it is not a JSON "
        f"object in a text. Correct what the stack backend-acme answers {ACT}"
    )


def test_an_output_that_is_not_there_is_told_with_those_that_are() -> None:
    assert "The module has no output `place`; it has `environment`." in refusal(
        by_terraform({}), "place"
    )
    assert "The output `hidden` is sensitive" in refusal(by_terraform({}), "hidden")
    assert "The stack backend-acme has no output `environment`; it has `Environment`." in refusal(
        by_cloudformation("{}"), "environment"
    )
