"""What is stored of stacks stays as it is: another fingerprint would deploy every one anew."""

from pathlib import Path

from bot.engine.definitions.kinds import Wanted
from resources.aws import AwsConnection, CdkApp, CdkStack, CloudFormationStack
from resources.aws.cloudformation.arguments import StackArguments
from resources.library import SourceTree
from resources.secrets import Secret

ACME = AwsConnection(region="eu-west-1").inside("111122223333")
SHARED = (
    *("parameters", "secrets", "tags", "capabilities", "termination_protection"),
    *("consents_to_deletion", "looks_every", "ends_within", "patience"),
)


def test_a_stack_of_a_template_is_stored_as_ever() -> None:
    stack = CloudFormationStack(
        connection=ACME,
        name="backend",
        template=Path("/stack.yaml"),
        secrets={"Password": Secret(reference="env:X")},
    )

    own = ("connection", "name", "template", "sha256", "bucket")
    assert tuple(stack.model_dump()) == own + SHARED
    wanted = Wanted.of(stack, "update", stack.identity())
    assert wanted.fingerprint == "462559b3100ba11cddfe5185980f083f"


def test_a_stack_of_an_app_is_stored_as_ever() -> None:
    app = CdkApp(source=SourceTree(path=Path("/a"), revision="a" * 40), home=Path("/home"))
    stack = CdkStack(app=app, stack="Backend", connection=ACME, name="backend")

    assert tuple(stack.model_dump()) == ("app", "stack", "connection", "name", *SHARED)
    assert stack.model_dump_json(exclude={"app", "connection"}) == (
        '{"stack":"Backend","name":"backend","parameters":{},"secrets":{},"tags":{},'
        '"capabilities":["CAPABILITY_IAM","CAPABILITY_NAMED_IAM","CAPABILITY_AUTO_EXPAND"],'
        '"termination_protection":false,"consents_to_deletion":false,"looks_every":"PT5S",'
        '"ends_within":"PT4H","patience":"PT10M"}'
    )


def test_both_are_told_the_same_of_their_stacks() -> None:
    assert tuple(StackArguments.model_fields) == SHARED
