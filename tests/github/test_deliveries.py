"""What GitHub really delivers is taken in at the webhook, and read."""

from typing import TypeVar

from bot.github.answers import CheckAction
from bot.github.events import (
    CheckRunActionRequested,
    CheckRunRerequested,
    CheckSuiteRerequested,
    CommentCreated,
    Event,
    InstallationChanged,
    IssueClosed,
    IssueReopened,
    MergeGroupChecksRequested,
    PullRequestChanged,
    PullRequestClosed,
    Push,
)
from tests.github.conftest import NAME, Agency, a_check

E = TypeVar("E", bound=Event)


def only(kind: type[E], events: list[Event]) -> E:
    """The one event of a kind."""
    [found] = [event for event in events if isinstance(event, kind)]
    return found


def by_whom(event: Event) -> tuple[str | None, str | None]:
    """Where it happened, and who made it happen."""
    where = event.repository.full_name if event.repository else None
    return where, event.sender.login if event.sender else None


async def test_an_installation_arrives(agency: Agency) -> None:
    agency.listens()
    agency.app.install_on(agency.simulator.organization("studio"))

    event = only(InstallationChanged, await agency.heard())

    assert event.installation.account is not None
    assert (event.action, event.installation.account.login) == ("created", "studio")


async def test_a_merge_arrives_as_its_events(agency: Agency) -> None:
    pull = await agency.opened("a.py")
    agency.listens()
    sha = await agency.maya.merges(pull)

    events = await agency.heard()

    closed, push = only(PullRequestClosed, events), only(Push, events)
    assert (closed.merged, closed.pull_request.merge_commit_sha) == (True, sha)
    assert (push.branch, push.after, by_whom(push)) == ("main", sha, (NAME, "maya"))
    assert {attempt.status_code for attempt in agency.simulator.deliveries} <= {200, 202}


async def test_a_pull_request_arrives_whenever_it_changes(agency: Agency) -> None:
    acts = agency.simulator.acts.pull_requests
    await agency.maya.creates_branch(agency.repository, "develop")
    agency.listens()
    pull = await agency.maya.opens_pull_request(agency.repository, "A", {"a.py": "1\n"})
    await agency.maya.adds_to(pull, {"b.py": "2\n"})
    acts.mark_ready(pull, agency.maya, ready=False)
    await agency.maya.marks_ready(pull)
    await agency.maya.edits(pull, title="Another title")
    await acts.change_base(pull, agency.maya, "develop")
    await agency.maya.closes(pull)
    await agency.maya.reopens(pull)

    events = [each for each in await agency.heard() if isinstance(each, PullRequestChanged)]

    assert [(each.action, each.pull_request.draft) for each in events] == [
        ("opened", False),
        ("synchronize", False),
        ("converted_to_draft", True),
        ("ready_for_review", False),
        ("edited", False),
        ("reopened", False),
    ]
    assert [each.pull_request.base.ref for each in events[-3:]] == ["main", "develop", "develop"]
    assert {each.pull_request.head.sha for each in events[1:]} == {pull.head_sha}
    assert by_whom(events[0]) == (NAME, "maya")


async def test_pushes_arrive_with_their_commits(agency: Agency) -> None:
    base = await agency.repository.commit_named("main")
    agency.listens()
    words = "Write a line\n\nIt was missing."
    sha = await agency.maya.pushes(agency.repository, {"a.py": "1\n"}, message=words)
    await agency.maya.creates_branch(agency.repository, "topic")
    await agency.maya.force_pushes(agency.repository, "topic", base)
    await agency.maya.deletes_branch(agency.repository, "topic")

    pushes = [each for each in await agency.heard() if isinstance(each, Push)]

    assert [(each.created, each.forced, each.deleted) for each in pushes] == [
        (False, False, False),
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert [len(each.commits) for each in pushes] == [1, 0, 0, 0]
    assert (pushes[0].before, pushes[0].after) == (base, sha)
    assert pushes[0].head_commit is not None
    assert (pushes[0].head_commit.id, pushes[0].head_commit.title) == (sha, "Write a line")


async def test_a_comment_arrives_with_who_wrote_it_and_where(agency: Agency) -> None:
    pull = await agency.opened("a.py")
    issue = await agency.maya.opens_issue(agency.repository, "An issue")
    agency.listens()
    written = await agency.maya.comments(pull, "/orbits status")
    await agency.maya.comments(issue, "/orbits status")
    await agency.door.create_comment(NAME, pull.number, "A word of the bot's")

    events = [each for each in await agency.heard() if isinstance(each, CommentCreated)]

    first = events[0]
    assert first.comment.user is not None
    assert (first.comment.id, first.comment.body, first.comment.user.type) == (
        written.id,
        "/orbits status",
        "User",
    )
    assert (first.issue.number, by_whom(first)) == (pull.number, (NAME, "maya"))
    assert [each.issue.is_pull_request for each in events] == [True, False, True]
    assert [each.sender.type for each in events if each.sender] == ["User", "User", "Bot"]


async def test_what_people_do_to_a_check_arrives(agency: Agency) -> None:
    sha = await agency.repository.commit_named("main")
    button = CheckAction("Roll back", "Put every tenant back", "rollback")
    done = a_check(status="completed", conclusion="failure", actions=(button,))
    await agency.door.create_check(NAME, sha, done)
    [run] = agency.repository.check_runs(sha)
    agency.listens()
    await agency.maya.clicks(run, "rollback")
    await agency.maya.reruns(run)
    await agency.maya.reruns_all(run.suite)

    events = await agency.heard()

    clicked, rerun = only(CheckRunActionRequested, events), only(CheckRunRerequested, events)
    assert clicked.requested_action.identifier == "rollback"
    for check in (clicked.check_run, rerun.check_run):
        assert (check.id, check.name, check.external_id, check.head_sha) == (
            run.id,
            "orbits/deploy",
            "rollout-1",
            sha,
        )
        assert check.app is not None
        assert check.app.id == agency.app.id
    suite = only(CheckSuiteRerequested, events).check_suite
    assert suite.app is not None
    assert (suite.head_sha, suite.app.id) == (sha, agency.app.id)
    assert {by_whom(event) for event in events} == {(NAME, "maya")}


async def test_a_merge_queue_that_waits_for_checks_arrives(agency: Agency) -> None:
    pull = await agency.opened("a.py")
    base = await agency.repository.commit_named("main")
    agency.listens()
    group = await agency.maya.queues(pull)
    await group.lands()

    event = only(MergeGroupChecksRequested, await agency.heard())

    assert (event.merge_group.head_sha, event.merge_group.base_sha) == (group.head_sha, base)
    assert (event.merge_group.base_ref, event.merge_group.base_branch) == (
        "refs/heads/main",
        "main",
    )


async def test_an_issue_that_is_closed_and_opened_again_arrives(agency: Agency) -> None:
    issue = await agency.maya.opens_issue(agency.repository, "Drift: backend of acme")
    agency.listens()
    await agency.maya.closes(issue)
    await agency.maya.reopens(issue)

    events = await agency.heard()

    closed, reopened = only(IssueClosed, events), only(IssueReopened, events)
    assert (closed.issue.number, by_whom(closed)) == (issue.number, (NAME, "maya"))
    assert (reopened.issue.number, reopened.issue.is_pull_request) == (issue.number, False)
