from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.simulated.github import GitHubRefused, Repository, SimulatedGitHub, User
from tests.simulated.github.conftest import Clock, Receiver

BACKEND = "/repos/agency/backend"
ROLLBACK = {"label": "Roll back", "description": "Go back everywhere", "identifier": "rollback"}


async def report(bot: httpx.AsyncClient, sha: str, **fields: Any) -> Any:
    answer = await bot.post(
        f"{BACKEND}/check-runs", json={"name": "deploy", "head_sha": sha, **fields}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_the_life_of_a_check(
    bot: httpx.AsyncClient, github: SimulatedGitHub, backend: Repository, receiver: Receiver
) -> None:
    sha = await backend.head()

    made = await report(bot, sha, status="in_progress", external_id="run-1")
    done = await bot.patch(
        f"{BACKEND}/check-runs/{made['id']}",
        json={"conclusion": "success", "output": {"title": "Done", "summary": "All **well**"}},
    )
    await github.deliveries_settled()

    assert (made["status"], made["conclusion"], made["external_id"]) == (
        "in_progress",
        None,
        "run-1",
    )
    assert made["app"]["slug"] == "orbits"
    assert (done.json()["status"], done.json()["completed_at"]) == (
        "completed",
        "2026-03-01T09:00:00Z",
    )
    assert receiver.names == ["check_run.created", "check_run.completed", "check_suite.completed"]
    [run] = backend.check_runs(sha)
    assert (run.conclusion, run.title, run.summary) == ("success", "Done", "All **well**")


async def test_the_newest_of_each_name_counts(bot: httpx.AsyncClient, backend: Repository) -> None:
    sha = await backend.head()
    await report(bot, sha, conclusion="failure")
    await report(bot, sha, conclusion="success")
    await report(bot, sha, name="plan")
    url = f"{BACKEND}/commits/main/check-runs"

    latest = (await bot.get(url)).json()
    every = (await bot.get(f"{url}?filter=all&check_name=deploy")).json()

    assert [(run["name"], run["conclusion"]) for run in latest["check_runs"]] == [
        ("plan", None),
        ("deploy", "success"),
    ]
    assert every["total_count"] == 2


NOTE = {
    "path": "src/app.py",
    "start_line": 1,
    "end_line": 1,
    "annotation_level": "notice",
    "message": "Here",
}


def noted(**changed: Any) -> dict[str, Any]:
    annotation = {**NOTE, **changed}
    return {"output": {"title": "T", "summary": "x", "annotations": [annotation]}}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"status": "completed"}, "conclusion is required when the status is completed"),
        ({"conclusion": "stale"}, "stale is no conclusion"),
        ({"status": "done"}, "done is no status of a check run"),
        ({"output": {"title": "T"}}, "output.summary is missing"),
        (
            {"output": {"title": "T", "summary": "x" * 65536}},
            "summary exceeds a maximum of 65535 characters: it has 65536",
        ),
        (
            {"output": {"title": "T", "summary": "x", "text": "x" * 65536}},
            "text exceeds a maximum of 65535 characters: it has 65536",
        ),
        ({"actions": [ROLLBACK] * 4}, "actions exceeds a maximum quantity of 3"),
        (
            {"actions": [{**ROLLBACK, "label": "x" * 21}]},
            "label exceeds a maximum of 20 characters",
        ),
        (
            {"actions": [{**ROLLBACK, "description": "x" * 41}]},
            "description exceeds a maximum of 40 characters",
        ),
        (
            {"actions": [{**ROLLBACK, "identifier": "x" * 21}]},
            "identifier exceeds a maximum of 20 characters",
        ),
        (
            {"output": {"title": "T", "summary": "x", "annotations": [{}] * 51}},
            "annotations exceeds a maximum quantity of 50",
        ),
        (noted(path=""), "path is required for an annotation"),
        (noted(start_line=None), "start_line is required for an annotation"),
        (noted(end_line=None), "end_line is required for an annotation"),
        (noted(message=""), "message is required for an annotation"),
        (noted(annotation_level="error"), "error is no level of an annotation"),
        (noted(start_line=3, end_line=2), "an annotation has no lines from 3 to 2"),
        (noted(start_line="1"), "an annotation has no lines from 1 to 1"),
        (noted(title="x" * 256), "title exceeds a maximum of 255 characters"),
        (noted(end_line=2, start_column=1), "columns belong to annotations of one line"),
    ],
)
async def test_a_report_is_read_strictly(
    bot: httpx.AsyncClient, backend: Repository, fields: dict[str, Any], message: str
) -> None:
    body = {"name": "deploy", "head_sha": await backend.head(), **fields}

    answer = await bot.post(f"{BACKEND}/check-runs", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"] == message
    assert backend.check_runs(await backend.head()) == []


async def test_annotations_add_up(bot: httpx.AsyncClient, backend: Repository) -> None:
    sha = await backend.head()
    output = {"title": "T", "summary": "S", "annotations": [NOTE] * 50}
    run = await report(bot, sha, output=output)

    more = await bot.patch(f"{BACKEND}/check-runs/{run['id']}", json={"output": output})

    assert more.json()["output"]["annotations_count"] == 100
    listed = await bot.get(f"{BACKEND}/check-runs/{run['id']}/annotations?per_page=100")
    assert listed.json() == 100 * [
        {
            **NOTE,
            "start_column": None,
            "end_column": None,
            "title": None,
            "raw_details": None,
            "blob_href": f"{backend.html_url}/blob/{sha}/src/app.py",
        }
    ]


async def test_only_an_app_writes_checks(
    api: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    api.headers["authorization"] = f"Bearer {maya.personal_token()}"
    body = {"name": "deploy", "head_sha": await backend.head()}

    answer = await api.post(f"{BACKEND}/check-runs", json=body)

    assert (answer.status_code, answer.json()["message"]) == (
        403,
        "You must authenticate via a GitHub App.",
    )


async def test_people_press_buttons_and_ask_again(
    bot: httpx.AsyncClient,
    github: SimulatedGitHub,
    backend: Repository,
    maya: User,
    receiver: Receiver,
) -> None:
    sha = await backend.head()
    await report(bot, sha, conclusion="failure", actions=[ROLLBACK])
    await github.deliveries_settled()
    receiver.forget()
    [run] = backend.check_runs(sha)

    await maya.clicks(run, "rollback")
    await maya.reruns(run)
    await maya.reruns_all(run.suite)
    await github.deliveries_settled()

    assert receiver.names == [
        "check_run.requested_action",
        "check_run.rerequested",
        "check_suite.rerequested",
    ]
    pressed = receiver.payload("check_run.requested_action")
    assert pressed["requested_action"] == {"identifier": "rollback"}
    assert pressed["check_run"]["head_sha"] == sha
    assert pressed["sender"]["login"] == "maya"
    with pytest.raises(GitHubRefused) as refused:
        await maya.clicks(run, "retry")
    assert str(refused.value) == "The check deploy has no button retry; it has rollback."


async def test_an_unfinished_check_becomes_stale(
    bot: httpx.AsyncClient, backend: Repository, clock: Clock
) -> None:
    sha = await backend.head()
    await report(bot, sha, status="in_progress")
    [run] = backend.check_runs(sha)

    clock.pass_by(timedelta(days=14))

    assert (run.status, run.conclusion) == ("completed", "stale")


async def test_statuses_combine(bot: httpx.AsyncClient, backend: Repository) -> None:
    sha = await backend.head()
    url = f"{BACKEND}/statuses/{sha}"

    async def combined() -> str:
        state: str = (await bot.get(f"{BACKEND}/commits/main/status")).json()["state"]
        return state

    states = [await combined()]
    for context, state in (("one", "pending"), ("two", "success"), ("one", "success")):
        made = await bot.post(url, json={"state": state, "context": context})
        assert made.status_code == 201
        states.append(await combined())

    assert states == ["pending", "pending", "pending", "success"]
    assert [status.state for status in backend.statuses(sha)] == ["success", "success", "pending"]
    long = {"state": "success", "description": "x" * 141}
    assert (await bot.post(url, json=long)).status_code == 422
    assert (await bot.post(url, json={"state": "fine"})).status_code == 422
    assert (await bot.post(f"{BACKEND}/statuses/{'0' * 40}", json=long)).status_code == 422


async def test_a_deployment_and_its_statuses(
    bot: httpx.AsyncClient, github: SimulatedGitHub, backend: Repository, receiver: Receiver
) -> None:
    sha = await backend.head()
    asked = {"ref": sha, "environment": "acme", "auto_merge": False, "required_contexts": []}

    first = (await bot.post(f"{BACKEND}/deployments", json=asked)).json()
    second = (await bot.post(f"{BACKEND}/deployments", json=asked)).json()
    for deployment in (first, second):
        url = f"{BACKEND}/deployments/{deployment['id']}/statuses"
        done = await bot.post(url, json={"state": "success", "description": "Fine"})
        assert done.status_code == 201
    await github.deliveries_settled()

    assert (first["sha"], first["environment"]) == (sha, "acme")
    assert [deployment.state for deployment in backend.deployments] == ["inactive", "success"]
    listed = (await bot.get(f"{BACKEND}/deployments?environment=acme")).json()
    assert [each["id"] for each in listed] == [second["id"], first["id"]]
    assert receiver.names[:3] == [
        "deployment.created",
        "deployment.created",
        "deployment_status.created",
    ]
    long = {"state": "failure", "description": "x" * 141}
    assert (await bot.post(url, json=long)).status_code == 422


async def test_a_deployment_left_to_itself_merges_or_conflicts(
    bot: httpx.AsyncClient, backend: Repository, maya: User
) -> None:
    await maya.pushes(backend, {"b": "b"}, branch="topic")
    await maya.pushes(backend, {"c": "c"})
    url = f"{BACKEND}/deployments"

    merged = await bot.post(url, json={"ref": "topic"})
    assert (merged.status_code, merged.json()["message"]) == (
        202,
        "Auto-merged main into topic on deployment.",
    )

    sha = await backend.head("topic")
    await bot.post(f"{BACKEND}/statuses/{sha}", json={"state": "pending", "context": "tests"})
    refused = await bot.post(url, json={"ref": "topic"})
    assert refused.status_code == 409
    assert refused.json()["message"] == "Conflict: Commit status checks failed for topic."

    await maya.pushes(backend, {"b": "theirs"})
    conflict = await bot.post(url, json={"ref": "topic"})
    assert (conflict.status_code, conflict.json()["message"]) == (
        409,
        "Conflict merging main into topic",
    )
    assert (await bot.post(url, json={"ref": "none"})).status_code == 422
