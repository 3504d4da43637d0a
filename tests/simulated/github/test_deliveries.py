import hashlib
import hmac
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from bot.simulated.github import App, Organization, Repository, SimulatedGitHub, User
from bot.simulated.serving import serving
from tests.simulated.github.conftest import Clock, Receiver, json_web_token

GitHub = SimulatedGitHub


async def test_a_merge_is_told_as_a_push_and_a_closed_pull_request(
    github: GitHub, app: App, backend: Repository, maya: User, receiver: Receiver
) -> None:
    pull = await maya.opens_pull_request(backend, "Add b", {"b.txt": "b\n"})
    base = await backend.head()
    sha = await maya.merges(pull, "squash")
    await github.deliveries_settled()

    assert receiver.names == [
        "push",
        "check_suite.requested",
        "pull_request.opened",
        "push",
        "check_suite.requested",
        "pull_request.closed",
    ]
    closed = receiver.payload("pull_request.closed")
    merged = closed["pull_request"]
    assert (merged["merged"], merged["merge_commit_sha"]) == (True, sha)
    assert (merged["merged_by"]["login"], merged["merged_at"]) == ("maya", "2026-03-01T09:00:00Z")
    assert closed["repository"]["full_name"] == "agency/backend"
    assert closed["organization"]["login"] == "agency"
    assert closed["sender"]["login"] == "maya"
    assert closed["installation"]["id"] == app.installations[0].id
    push = receiver.payload("push")
    assert (push["ref"], push["before"], push["after"]) == ("refs/heads/main", base, sha)
    assert (push["head_commit"]["id"], push["head_commit"]["added"]) == (sha, ["b.txt"])
    assert (push["commits"][0]["distinct"], push["pusher"]["name"]) == (True, "maya")


async def test_the_signature_is_over_the_raw_body(
    github: GitHub, app: App, backend: Repository, maya: User, receiver: Receiver
) -> None:
    await maya.opens_issue(backend, "Broken", "It does not work: é")
    await github.deliveries_settled()

    [(headers, body)] = receiver.requests
    digest = hmac.new(app.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == f"sha256={digest}"
    assert headers["user-agent"].startswith("GitHub-Hookshot/")
    assert headers["x-github-event"] == "issues"
    assert headers["x-github-hook-id"] == str(app.hook_id)
    assert headers["x-github-hook-installation-target-id"] == str(app.id)
    assert headers["x-github-hook-installation-target-type"] == "integration"
    assert headers["content-type"] == "application/json"


async def test_a_new_app_is_pinged_and_told_of_its_installation(
    github: GitHub, agency: Organization, receiver: Receiver
) -> None:
    app = github.register_app("other", webhook_url="http://bot.test/hook")
    app.install_on(agency)
    await github.deliveries_settled()

    assert receiver.names == ["ping", "installation.created"]
    assert receiver.payload("ping")["hook_id"] == app.hook_id


async def test_what_people_do_is_told(
    github: GitHub, app: App, backend: Repository, maya: User, receiver: Receiver
) -> None:
    pull = await maya.opens_pull_request(backend, "B", {"b": "b"}, draft=True)
    await github.deliveries_settled()
    receiver.forget()

    await maya.adds_to(pull, {"c": "c"})
    await maya.marks_ready(pull)
    await maya.edits(pull, title="Better")
    await maya.closes(pull)
    await maya.reopens(pull)
    comment = await maya.comments(pull, "/orbits rollback")
    await maya.edits_comment(comment, "never mind")
    await maya.deletes_comment(comment)
    issue = await maya.opens_issue(backend, "Broken", labels=("bug",))
    await maya.closes_issue(issue)
    await maya.reopens(issue)
    group = await maya.queues(pull)
    await github.deliveries_settled()

    assert receiver.names == [
        "push",
        "check_suite.requested",
        "pull_request.synchronize",
        "pull_request.ready_for_review",
        "pull_request.edited",
        "pull_request.closed",
        "pull_request.reopened",
        "issue_comment.created",
        "issue_comment.edited",
        "issue_comment.deleted",
        "issues.opened",
        "issues.labeled",
        "issues.closed",
        "issues.reopened",
        "push",
        "check_suite.requested",
        "merge_group.checks_requested",
    ]
    assert receiver.payload("pull_request.closed")["pull_request"]["merged"] is False
    assert "pull_request" in receiver.payload("issue_comment.created")["issue"]
    edited = receiver.payload("pull_request.edited")
    assert edited["changes"] == {"title": {"from": "B"}}
    assert receiver.payload("merge_group.checks_requested")["merge_group"]["head_sha"] == (
        group.head_sha
    )


async def test_who_did_not_subscribe_or_is_not_installed_hears_nothing(
    github: GitHub, agency: Organization, backend: Repository, maya: User, receiver: Receiver
) -> None:
    other = await agency.create_repository("site")
    app = github.register_app(
        "quiet",
        webhook_url="http://bot.test/hook",
        permissions={"issues": "read"},
        events=["issues"],
    )
    app.install_on(agency, [other])
    other.allow(maya, "write")
    await github.deliveries_settled()
    receiver.forget()

    await maya.opens_issue(backend, "Not covered")
    await maya.pushes(other, {"not": "subscribed"})
    await maya.opens_issue(other, "Heard")
    await github.deliveries_settled()

    assert [payload["issue"]["title"] for _, payload in receiver.events] == ["Heard"]


async def test_a_failed_delivery_is_logged_and_not_sent_again(
    github: GitHub, app: App, backend: Repository, maya: User, receiver: Receiver
) -> None:
    receiver.status = 500

    await maya.opens_issue(backend, "Broken")
    await github.deliveries_settled()

    assert len(receiver.events) == 1
    last = github.deliveries[-1]
    assert (last.status, last.status_code) == ("Invalid HTTP Response: 500", 500)
    assert (last.redelivery, last.response_body) == (False, "taken")


async def test_a_redelivery_keeps_its_guid_and_body(
    *,
    github: GitHub,
    app: App,
    backend: Repository,
    maya: User,
    receiver: Receiver,
    api: httpx.AsyncClient,
    clock: Clock,
) -> None:
    github.lose_next_deliveries(1)
    await maya.opens_issue(backend, "Broken")
    await github.deliveries_settled()
    assert receiver.events == []
    api.headers["authorization"] = f"Bearer {json_web_token(app, clock())}"

    [lost, *_] = (await api.get("/app/hook/deliveries?status=failure")).json()
    assert (lost["status"], lost["event"]) == ("failed to connect to host", "issues")
    whole = (await api.get(f"/app/hook/deliveries/{lost['id']}")).json()
    assert whole["request"]["payload"]["issue"]["title"] == "Broken"
    assert (await api.post(f"/app/hook/deliveries/{lost['id']}/attempts")).status_code == 202
    await github.deliveries_settled()

    assert receiver.requests[0][0]["x-github-delivery"] == lost["guid"]
    assert [(each.redelivery, each.succeeded) for each in github.queue.attempts(lost["guid"])] == [
        (False, False),
        (True, True),
    ]
    clock.pass_by(timedelta(days=3, seconds=1))
    api.headers["authorization"] = f"Bearer {json_web_token(app, clock())}"
    assert (await api.get("/app/hook/deliveries")).json() == []


async def test_the_log_is_read_by_a_cursor(
    *,
    github: GitHub,
    app: App,
    backend: Repository,
    maya: User,
    api: httpx.AsyncClient,
    clock: Clock,
) -> None:
    for number in range(5):
        await maya.opens_issue(backend, f"Issue {number}")
    await github.deliveries_settled()
    api.headers["authorization"] = f"Bearer {json_web_token(app, clock())}"

    found, url = [], "/app/hook/deliveries?per_page=2"
    while url:
        answer = await api.get(url)
        found += [each["event"] for each in answer.json()]
        url = answer.links.get("next", {}).get("url", "")

    assert found == ["issues"] * 5 + ["installation", "ping"]


async def test_deliveries_can_be_held_back_doubled_and_shuffled(
    github: GitHub, app: App, backend: Repository, maya: User, receiver: Receiver
) -> None:
    github.pause_deliveries()
    for number in range(6):
        await maya.opens_issue(backend, str(number))
    await github.deliveries_settled()
    assert receiver.events == []

    github.duplicate_deliveries(1)
    await maya.opens_issue(backend, "6")
    github.shuffle_deliveries(seed=1)
    github.resume_deliveries()
    await github.deliveries_settled()

    titles = [payload["issue"]["title"] for _, payload in receiver.events]
    assert sorted(titles) == ["0", "1", "2", "3", "4", "5", "6", "6"]
    assert titles != sorted(titles)


async def test_a_pause_holds_back_what_was_just_queued(
    github: GitHub, app: App, backend: Repository, maya: User, receiver: Receiver
) -> None:
    await maya.opens_issue(backend, "Broken")
    github.pause_deliveries()
    await github.deliveries_settled()
    assert (receiver.events, len(github.queue.waiting)) == ([], 1)

    github.resume_deliveries()
    await github.deliveries_settled()

    assert receiver.names == ["issues.opened"]


async def test_what_the_receiver_raises_is_raised_to_who_waits(
    tmp_path: Path, keys: tuple[str, str]
) -> None:
    async def broken(scope: object, receive: object, send: object) -> None:
        raise ValueError("a bug of the receiver")

    async def story() -> None:
        transport = httpx.ASGITransport(broken)
        github = SimulatedGitHub(tmp_path, transport=transport, new_keys=lambda: keys)
        async with github:
            github.register_app("orbits", webhook_url="http://bot.test/hook")
            await github.deliveries_settled()

    with pytest.raises(ValueError, match="a bug of the receiver"):
        await story()


async def test_an_answer_can_be_lost_after_the_delivery_arrived(
    github: GitHub, app: App, backend: Repository, maya: User, receiver: Receiver
) -> None:
    github.lose_next_delivery_answers(1)
    await maya.opens_issue(backend, "Broken")
    await github.deliveries_settled()

    assert len(receiver.events) == 1
    assert github.deliveries[-1].status == "timed out"


async def test_an_uninstalled_app_hears_of_it_and_then_nothing(
    *,
    github: GitHub,
    app: App,
    agency: Organization,
    backend: Repository,
    maya: User,
    receiver: Receiver,
) -> None:
    app.uninstall_from(agency)
    await maya.opens_issue(backend, "Broken")
    await github.deliveries_settled()

    assert receiver.names == ["installation.deleted"]


async def test_nothing_is_sent_outside_of_async_with(tmp_path: Path) -> None:
    github = SimulatedGitHub(tmp_path)
    await github.deliveries_settled()
    github.register_app("orbits", webhook_url="http://bot.test/hook")

    with pytest.raises(RuntimeError, match="only inside `async with github:`"):
        await github.deliveries_settled()


async def test_all_of_it_works_over_real_http(tmp_path: Path) -> None:
    receiver = Receiver()
    github = SimulatedGitHub(tmp_path)
    async with serving(receiver.asgi) as bot_address, serving(github.asgi) as github.address:
        app = github.register_app(
            "orbits",
            webhook_url=f"{bot_address}/hook",
            permissions={"issues": "write"},
            events=["issues"],
        )
        agency = github.organization("agency")
        backend = await agency.create_repository("backend")
        app.install_on(agency)
        maya = github.user("maya")
        backend.allow(maya, "write")
        async with github, httpx.AsyncClient(base_url=f"{github.address}/api/v3") as client:
            await maya.opens_issue(backend, "Broken")
            await github.deliveries_settled()

            url = receiver.payload("issues.opened")["issue"]["url"]
            assert url == f"{github.address}/api/v3/repos/agency/backend/issues/1"
            token = {"authorization": f"token {maya.personal_token()}"}
            assert (await client.get(url, headers=token)).json()["title"] == "Broken"


async def test_an_app_that_is_not_there_counts_as_unreachable(tmp_path: Path) -> None:
    async with SimulatedGitHub(tmp_path) as github:
        github.register_app("orbits", webhook_url="http://127.0.0.1:1/hook")
        await github.deliveries_settled()

    assert [each.status for each in github.deliveries] == ["failed to connect to host"]
