"""What is said of changes and of failures follows from what AWS says of them."""

from typing import Any

from resources.aws import AwsConnection
from resources.aws.cloudformation.changes import Change, changes_in, not_consented, planned
from resources.aws.cloudformation.events import Event, end_of, failure
from resources.aws.cloudformation.stack_state import StackAddress

ADDRESS = StackAddress(
    connection=AwsConnection(region="eu-west-1").inside("111122223333"), name="backend-acme"
)


def change(**said: Any) -> Change:
    known = {"Action": "Modify", "LogicalResourceId": "Db", "ResourceType": "AWS::RDS::DBInstance"}
    answered: Any = {"Type": "Resource", "ResourceChange": {**known, **said}}
    (found,) = changes_in([answered])
    return found


def event(status: str, reason: str = "", resource: str = "") -> Event:
    kind = "AWS::SQS::Queue" if resource else "AWS::CloudFormation::Stack"
    named = resource or ADDRESS.name
    return Event(f"{status} {named}", named, kind, status, reason, "t", of_stack=not resource)


def test_what_is_perhaps_replaced_perhaps_loses_its_data() -> None:
    perhaps = change(Replacement="Conditional", PhysicalResourceId="acme-db")
    assert perhaps.destroys
    assert str(perhaps) == "perhaps replace Db (AWS::RDS::DBInstance, acme-db)"
    assert perhaps.difference.desired == "perhaps replaced"


def test_what_is_kept_or_gone_already_loses_nothing() -> None:
    assert not change(Replacement="True", PolicyAction="ReplaceAndSnapshot").destroys
    assert not change(Action="Remove", PolicyAction="Retain").destroys
    assert not change(Replacement="True", ResourceDriftStatus="DELETED").destroys
    assert change(Action="Remove", PolicyAction="Delete").destroys


def test_what_only_takes_note_of_the_world_is_no_change() -> None:
    said: Any = {"Type": "Resource", "ResourceChange": {"Action": "SyncWithActual"}}
    assert changes_in([said]) == ()
    assert planned(()).changes == ()


def test_many_that_would_be_destroyed_are_counted() -> None:
    many = tuple(
        change(Action="Remove", LogicalResourceId=f"Queue{number}") for number in range(23)
    )
    text = str(not_consented("backend-acme", many))
    assert "\n- remove Queue19 (AWS::RDS::DBInstance)\n- and 3 more\nSay " in text


def test_the_first_cause_is_told_and_not_who_was_called_off_for_it() -> None:
    events = [
        event("UPDATE_IN_PROGRESS", "User Initiated"),
        event("CREATE_FAILED", "Resource creation cancelled", "Other"),
        event("CREATE_FAILED", "The queue exists.", "Queue"),
        event("UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed"),
        event("UPDATE_FAILED", "No rights to put it back", "Role"),
        event("UPDATE_ROLLBACK_FAILED", "The following resource(s) failed to update: [Role]."),
    ]
    assert end_of(events[:-1]) is None
    status = end_of(events)
    assert status == "UPDATE_ROLLBACK_FAILED"
    assert str(failure(ADDRESS, status, events)) == (
        "The stack backend-acme (account 111122223333, eu-west-1) was not updated: CREATE_FAILED "
        "Queue (AWS::SQS::Queue): The queue exists.; UPDATE_FAILED Role (AWS::SQS::Queue): No "
        "rights to put it back. Going back failed as well. Mend that, let AWS go on with "
        "`aws cloudformation continue-update-rollback --stack-name backend-acme --region eu-west-1`"
        ", and retry."
    )


def test_where_no_resource_failed_the_stack_itself_says_why() -> None:
    events = [event("ROLLBACK_IN_PROGRESS", "The timeout was reached"), event("ROLLBACK_COMPLETE")]
    assert str(failure(ADDRESS, "ROLLBACK_COMPLETE", events)) == (
        "The stack backend-acme (account 111122223333, eu-west-1) was not created: "
        "ROLLBACK_IN_PROGRESS backend-acme (AWS::CloudFormation::Stack): The timeout was reached. "
        "What was made of it was removed again. Mend that and retry: the next run deletes what is "
        "left of the stack, and begins anew."
    )
