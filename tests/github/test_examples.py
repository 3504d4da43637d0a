"""GitHub's own examples of events are read, with what the bot goes by."""

from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given, settings

from bot.github.events import _ACTIONS, Event, MalformedEvent, handles, parse
from tests.github.examples import EXAMPLES
from tests.github.spoiling import Spoiled, any_spoiled

HELLO = "Codertocat/Hello-World"
CHANGES, MASTER = (
    "ec26c3e57ca3a959ca5aad62de7213c562f8c821",
    "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
)
ZEROS = "0" * 40

PULL_REQUEST = {
    "repository.full_name": HELLO,
    "installation.id": 1,
    "sender.login": "Codertocat",
    "pull_request.number": 2,
    "pull_request.title": "Update the README with new information.",
    "pull_request.base.ref": "master",
    "pull_request.head.ref": "changes",
    "pull_request.head.sha": CHANGES,
    "pull_request.from_fork": False,
}
COMMENT = {
    "repository.full_name": HELLO,
    "issue.number": 1,
    "issue.is_pull_request": False,
    "comment.id": 492700400,
    "comment.user.login": "Codertocat",
    "comment.user.type": "User",
    "comment.body": "You are totally right! I'll get this fixed right away.",
}
INSTALLATION = {"installation.id": 957387, "installation.account.login": "Codertocat"}

READ: dict[str, dict[str, Any]] = {
    "pull_request.opened": {**PULL_REQUEST, "pull_request.draft": False},
    "pull_request.synchronize": PULL_REQUEST,
    "pull_request.reopened": PULL_REQUEST,
    "pull_request.ready_for_review": {**PULL_REQUEST, "pull_request.draft": False},
    "pull_request.converted_to_draft": {**PULL_REQUEST, "pull_request.draft": True},
    # It names a commit all the same: the test merge, which nobody may deploy.
    "pull_request.closed": {
        **PULL_REQUEST,
        "pull_request.state": "closed",
        "pull_request.merge_commit_sha": "c4295bd74fb0f4fda03689c3df3f2803b658fd85",
        "merged": False,
    },
    "push.branch-created": {
        "repository.full_name": HELLO,
        "branch": "master",
        "before": ZEROS,
        "after": MASTER,
        "created": True,
        "deleted": False,
        "head_commit.title": "Initial commit",
    },
    "push.tag-created": {"branch": None, "created": True, "after": MASTER},
    "push.tag-deleted": {"branch": None, "deleted": True, "after": ZEROS, "head_commit": None},
    "issue_comment.created": {**COMMENT, "installation": None},
    "issue_comment.created-in-organization": {**COMMENT, "installation.id": 1},
    "check_run.rerequested": {
        "repository.full_name": "github/hello-world",
        "sender.login": "octocat",
        "check_run.name": "randscape",
        "check_run.head_sha": "d6fde92930d4715a2b49857d24b940956b26d2d3",
        "check_run.external_id": "",
    },
    "check_run.requested_action": {
        "repository.full_name": "electron/electron",
        "sender.login": "codebytere",
        "check_run.name": "API Review",
        "check_run.head_sha": "5bd5f196a46b8222fb7484f05faba41a73cf34bd",
        "requested_action.identifier": "lgtm|26764",
    },
    "check_suite.rerequested": {
        "repository.full_name": HELLO,
        "sender.login": "octocoders-linter[bot]",
        "check_suite.head_sha": CHANGES,
        "check_suite.head_branch": "changes",
    },
    "merge_group.checks_requested": {
        "repository.full_name": "octo-org/octo-repo",
        "merge_group.head_sha": "2ffea6db159f6b6c47a24e778fb9ef40cf6b1c7d",
        "merge_group.base_sha": "380387fbc80638b734a49e1be1c4dfec1c01b33c",
        "merge_group.base_branch": "main",
    },
    "issues.reopened": {
        "repository.full_name": HELLO,
        "issue.number": 1,
        "issue.is_pull_request": False,
    },
    "ping.repository": {"zen": "Anything added dilutes everything else."},
    "ping.organization": {"repository": None},
    "installation.created": {**INSTALLATION, "repositories.0.full_name": HELLO},
    "installation.new_permissions_accepted": INSTALLATION,
    "installation.suspend": {
        "installation.account.login": "Codertocat",
        "installation.suspended_at.year": 2021,
    },
    "installation.unsuspend": {"installation.suspended_at": None},
    "installation.deleted": {"repositories.0.full_name": "octocat/Hello-World"},
}
WITHOUT_EXAMPLE = {
    ("pull_request", "edited"),
    ("issues", "closed"),
    ("issues", "deleted"),
    ("issues", "transferred"),
}


def told(event: Event | None, name: str) -> Any:
    """Answer what an event says under a name such as `repositories.0.full_name`."""
    where, first, within = name.partition(".0.")
    return attrgetter(within)(attrgetter(where)(event)[0]) if first else attrgetter(name)(event)


@pytest.mark.parametrize("name", READ)
def test_an_example_says_what_the_bot_goes_by(name: str) -> None:
    example = EXAMPLES[name]

    event = parse(example.event, example.body)

    assert type(event) is _ACTIONS[example.event][example.action]
    assert {field: told(event, field) for field in READ[name]} == READ[name]


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - READ.keys()))
def test_an_example_of_what_the_bot_does_not_act_on_is_nothing(name: str) -> None:
    example = EXAMPLES[name]

    assert not handles(example.event, example.action)
    assert parse(example.event, example.body) is None


def test_there_is_an_example_of_everything_that_the_bot_hears() -> None:
    heard = {(event, action) for event, actions in _ACTIONS.items() for action in actions}

    found = {(EXAMPLES[name].event, EXAMPLES[name].action) for name in READ}

    assert heard - found == WITHOUT_EXAMPLE


@settings(max_examples=300, deadline=None)
@given(any_spoiled(sorted(READ)))
def test_a_spoiled_example_is_read_or_malformed(spoiled: Spoiled) -> None:
    event = spoiled.example.event
    said = ""
    try:
        read = parse(event, spoiled.body)
    except MalformedEvent as malformed:
        said = str(malformed)
    else:
        assert read is None or read.matters
    assert not said or said.startswith(f"The event `{event}` cannot be read: `")
