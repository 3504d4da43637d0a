"""What deliveries say, and what they are refused for."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.github.events import (
    CheckRunActionRequested,
    CommentCreated,
    InstallationChanged,
    MalformedEvent,
    Ping,
    PullRequestChanged,
    PullRequestClosed,
    Push,
    handles,
    parse,
)
from bot.github.shapes import PullRequest

SHA, OTHER = "a" * 40, "b" * 40
REPOSITORY = {"full_name": "agency/backend", "default_branch": "main", "private": True}
MAYA = {"login": "maya", "type": "User", "id": 7}


def closed(**changed: Any) -> dict[str, Any]:
    pull = {
        "number": 381,
        "title": "Use new session store",
        "html_url": "https://github.test/agency/backend/pull/381",
        "state": "closed",
        "user": MAYA,
        "merged": True,
        "merged_by": MAYA,
        "merged_at": "2026-11-02T09:30:00Z",
        "merge_commit_sha": SHA,
        "commits": 2,
        "base": {"ref": "main", "sha": OTHER, "repo": REPOSITORY},
        "head": {"ref": "session-store", "sha": OTHER, "repo": None},
    }
    return {
        "action": "closed",
        "pull_request": {**pull, **changed},
        "repository": REPOSITORY,
        "installation": {"id": 5, "node_id": "x"},
        "sender": MAYA,
    }


def body(payload: Any) -> bytes:
    return json.dumps(payload).encode()


def test_a_merge_tells_its_commit_its_base_and_who_merged() -> None:
    event = parse("pull_request", body(closed()))

    assert isinstance(event, PullRequestClosed)
    assert event.merged
    assert event.repository.full_name == "agency/backend"
    assert event.installation is not None
    assert event.installation.id == 5
    pull = event.pull_request
    assert (pull.number, pull.title, pull.merge_commit_sha) == (381, "Use new session store", SHA)
    assert (pull.base.ref, pull.head.ref, pull.head.repo) == ("main", "session-store", None)
    assert pull.merged_by is not None
    assert pull.merged_by.login == "maya"


def test_a_pull_request_closed_without_a_merge_is_none_whatever_its_test_merge() -> None:
    event = parse("pull_request", body(closed(merged=False, merged_by=None, merged_at=None)))

    assert isinstance(event, PullRequestClosed)
    assert not event.merged


@pytest.mark.parametrize(
    ("changes", "matters"),
    [
        ({"base": {"ref": {"from": "main"}, "sha": {"from": OTHER}}}, True),
        ({"title": {"from": "Use old session store"}, "body": {"from": None}}, False),
        ({}, False),
    ],
)
def test_an_edit_matters_where_it_changes_the_base(changes: dict[str, Any], matters: bool) -> None:
    payload = {**closed(state="open", merged_at=None), "action": "edited", "changes": changes}

    event = parse("pull_request", body(payload))

    assert isinstance(event, PullRequestChanged) is matters
    assert (event is not None) is matters


def test_a_pull_request_of_a_list_is_merged_where_it_says_when() -> None:
    pull = closed()["pull_request"]
    del pull["merged"], pull["merged_by"], pull["commits"]

    assert PullRequest.model_validate(pull).merged


def test_a_pull_request_whose_fork_is_gone_comes_from_a_fork() -> None:
    assert PullRequest.model_validate(closed()["pull_request"]).from_fork


def test_a_push_tells_its_branch() -> None:
    payload = {"ref": "refs/heads/feature/x", "before": OTHER, "after": SHA}
    event = parse("push", body({**payload, "repository": REPOSITORY}))

    assert isinstance(event, Push)
    assert event.branch == "feature/x"


def test_a_push_of_a_tag_has_no_branch() -> None:
    payload = {"ref": "refs/tags/v1", "before": OTHER, "after": SHA}
    event = parse("push", body({**payload, "repository": REPOSITORY}))

    assert isinstance(event, Push)
    assert event.branch is None


def test_a_comment_tells_whether_it_is_on_a_pull_request() -> None:
    comment = {
        "id": 9,
        "html_url": "https://github.test/9",
        "body": "/orbits status",
        "created_at": "2026-11-02T09:30:00Z",
        "user": None,
    }
    issue = {"number": 381, "pull_request": {"html_url": "https://github.test/381"}}
    payload = {"action": "created", "issue": issue, "comment": comment}
    event = parse("issue_comment", body({**payload, "repository": REPOSITORY}))

    assert isinstance(event, CommentCreated)
    assert event.issue.pull_request is not None


def test_a_button_on_a_check_tells_which() -> None:
    payload = {
        "action": "requested_action",
        "check_run": {"id": 3, "name": "orbits/deploy", "head_sha": SHA, "external_id": "r1"},
        "requested_action": {"identifier": "rollback"},
        "repository": REPOSITORY,
    }
    event = parse("check_run", body(payload))

    assert isinstance(event, CheckRunActionRequested)
    assert event.requested_action.identifier == "rollback"


def test_an_installation_tells_its_account_and_repositories() -> None:
    payload = {
        "action": "created",
        "installation": {"id": 5, "account": {"login": "agency", "type": "Organization"}},
        "repositories": [{"full_name": "agency/backend"}],
    }
    event = parse("installation", body(payload))

    assert isinstance(event, InstallationChanged)
    assert event.installation.account is not None
    assert event.installation.account.login == "agency"
    assert [repository.full_name for repository in event.repositories] == ["agency/backend"]


def test_a_ping_is_read() -> None:
    assert isinstance(parse("ping", body({"zen": "Design for failure."})), Ping)


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("star", {"action": "created"}),
        ("pull_request", {"action": "labeled"}),
        ("issue_comment", {"action": "edited"}),
        ("check_run", {"action": "completed"}),
        ("check_suite", {"action": "requested"}),
        ("merge_group", {"action": "destroyed"}),
        ("issues", {"action": "opened"}),
        ("installation_repositories", {"action": "added"}),
        ("push", {"action": "imagined"}),
    ],
)
def test_what_the_bot_does_not_act_on_is_nothing(event: str, payload: dict[str, str]) -> None:
    assert parse(event, body(payload)) is None
    assert not handles(event, payload["action"])


def test_what_is_missing_is_named() -> None:
    payload = closed()
    del payload["pull_request"]["base"]["sha"]

    with pytest.raises(MalformedEvent) as malformed:
        parse("pull_request", body(payload))
    assert str(malformed.value) == (
        "The event `pull_request` cannot be read: `pull_request.base.sha` is not as GitHub sends "
        "it (missing). Look at the delivery on the App's page, under Advanced."
    )


@pytest.mark.parametrize(
    "name",
    ["secret", "secret/..", "secret/.", "../secret", "secret/a/b", "secret/a b", "secret/a\n", "/"],
)
def test_a_repository_name_that_could_lead_elsewhere_is_refused(name: str) -> None:
    payload = {**closed(), "repository": {"full_name": name}}

    with pytest.raises(MalformedEvent) as malformed:
        parse("pull_request", body(payload))
    assert "secret" not in str(malformed.value)
    assert "`repository.full_name`" in str(malformed.value)


@settings(deadline=None)
@given(st.binary())
def test_no_bytes_are_quoted_in_what_is_said_of_them(payload: bytes) -> None:
    with pytest.raises(MalformedEvent) as malformed:
        parse("push", payload)
    assert str(malformed.value).startswith("The event `push` cannot be read: `its JSON` is not")


def test_a_payload_nested_without_end_is_malformed() -> None:
    with pytest.raises(MalformedEvent):
        parse("push", b'{"a":' * 100_000)
