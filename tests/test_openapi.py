import re
from typing import Any

import pytest

from tests.openapi import RequestRefused, validate_request

BACKEND = "/repos/agency/backend"
CHECK: dict[str, Any] = {
    "name": "deploy",
    "head_sha": "a" * 40,
    "status": "completed",
    "conclusion": "success",
    "completed_at": "2026-03-01T09:00:00Z",
    "output": {"title": "Done", "summary": "All well", "text": "More"},
    "actions": [{"label": "Roll back", "description": "Go back", "identifier": "rollback"}],
}


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("GET", "/app/hook/deliveries", {"per_page": "100", "cursor": "v1_7"}, None),
        ("POST", "/app/installations/7/access_tokens", {}, {"repositories": ["backend"]}),
        ("POST", "/app/installations/7/access_tokens", {}, None),
        ("POST", f"{BACKEND}/check-runs", {}, CHECK),
        ("PATCH", f"{BACKEND}/check-runs/7", {}, {"status": "in_progress"}),
        ("GET", f"{BACKEND}/commits/feature/one/check-runs", {"filter": "all"}, None),
        ("GET", f"{BACKEND}/compare/main...feature/one", {"page": "1"}, None),
        ("GET", f"{BACKEND}/contents/src/app.py", {"ref": "main"}, None),
        ("GET", f"{BACKEND}/git/ref/heads/main", {}, None),
        ("GET", f"{BACKEND}/git/trees/{'a' * 40}", {"recursive": "1"}, None),
        ("GET", f"{BACKEND}/pulls", {"state": "all", "per_page": "100"}, None),
        ("PUT", f"{BACKEND}/pulls/7/merge", {}, {"merge_method": "squash"}),
        ("POST", f"{BACKEND}/issues", {}, {"title": "Drift", "labels": ["drift"]}),
        ("PATCH", f"{BACKEND}/issues/7", {}, {"state": "closed", "state_reason": "completed"}),
        ("POST", f"{BACKEND}/issues/7/comments", {}, {"body": "Hello"}),
        ("POST", f"{BACKEND}/issues/7/labels", {}, {"labels": ["drift"]}),
        ("PUT", f"{BACKEND}/issues/7/lock", {}, None),
        ("POST", f"{BACKEND}/issues/comments/7/reactions", {}, {"content": "eyes"}),
        ("POST", f"{BACKEND}/deployments", {}, {"ref": "a" * 40, "payload": {"run": {"id": 7}}}),
        ("POST", f"{BACKEND}/deployments/7/statuses", {}, {"state": "success"}),
        ("POST", f"{BACKEND}/statuses/{'a' * 40}", {}, {"state": "success", "context": "c"}),
        ("GET", "/search/issues", {"q": "repo:agency/backend is:issue"}, None),
    ],
)
def test_what_github_describes_passes(
    method: str, path: str, query: dict[str, str], body: Any
) -> None:
    validate_request(method, path, query, body)


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "message"),
    [
        (
            "GET",
            "/nonsense",
            {},
            None,
            "GitHub's description knows no GET /nonsense.",
        ),
        (
            "DELETE",
            f"{BACKEND}/pulls/7",
            {},
            None,
            f"GitHub's description knows no DELETE {BACKEND}/pulls/7. It knows GET, PATCH.",
        ),
        (
            "GET",
            f"{BACKEND}/pulls",
            {"status": "open", "state": "merged"},
            None,
            (
                f"GET {BACKEND}/pulls does not fit /repos/{{owner}}/{{repo}}/pulls:\n"
                "- the query knows no status\n"
                '- state in the query: "merged" is not one of "open", "closed" or "all"'
            ),
        ),
        (
            "GET",
            "/search/issues",
            {},
            None,
            "GET /search/issues does not fit /search/issues:\n- the query lacks q",
        ),
        (
            "GET",
            f"{BACKEND}/pulls/seven",
            {},
            None,
            (
                f"GET {BACKEND}/pulls/seven does not fit /repos/{{owner}}/{{repo}}/pulls/"
                '{pull_number}:\n- pull_number in the path: "seven" is not of type "integer"'
            ),
        ),
        (
            "POST",
            f"{BACKEND}/issues",
            {},
            {"title": "Drift", "label": "drift"},
            (
                f"POST {BACKEND}/issues does not fit /repos/{{owner}}/{{repo}}/issues:\n"
                "- label: GitHub knows no such property"
            ),
        ),
        (
            "POST",
            f"{BACKEND}/issues/7/comments",
            {},
            None,
            (
                f"POST {BACKEND}/issues/7/comments does not fit "
                "/repos/{owner}/{repo}/issues/{issue_number}/comments:\n- the body is missing"
            ),
        ),
        (
            "POST",
            "/app/hook/deliveries/7/attempts",
            {},
            {"again": True},
            (
                "POST /app/hook/deliveries/7/attempts does not fit "
                "/app/hook/deliveries/{delivery_id}/attempts:\n- no body is described"
            ),
        ),
    ],
)
def test_what_github_does_not_describe_is_refused(
    *, method: str, path: str, query: dict[str, str], body: Any, message: str
) -> None:
    with pytest.raises(RequestRefused) as refused:
        validate_request(method, path, query, body)

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"name": 7}, 'name: 7 is not of type "string"'),
        ({"output": {"title": "T", "summary": "S", "body": "B"}}, "output.body: GitHub knows no"),
        ({"actions": CHECK["actions"] * 4}, "actions: "),
        ({"actions": [{"label": "x" * 21, "description": "d", "identifier": "i"}]}, "label: "),
        ({"completed_at": "yesterday"}, 'completed_at: "yesterday" is not a "date-time"'),
        ({"conclusion": "done"}, "conclusion: "),
    ],
)
def test_a_check_run_is_held_against_its_schema(change: dict[str, Any], part: str) -> None:
    with pytest.raises(RequestRefused, match=re.escape(part)):
        validate_request("POST", f"{BACKEND}/check-runs", {}, {**CHECK, **change})


def test_a_completed_check_needs_a_conclusion() -> None:
    with pytest.raises(RequestRefused):
        validate_request("PATCH", f"{BACKEND}/check-runs/7", {}, {"status": "completed"})
