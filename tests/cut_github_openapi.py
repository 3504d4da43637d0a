"""Cuts GitHub's description of its REST API down to the requests that a bot makes.

Unpack what `npm pack @octokit/openapi` brings, then run `python -m tests.cut_github_openapi`
on its `generated/api.github.com.json` and on `tests/github_openapi.json`. Responses are left
out: GitHub's own examples do not always fit them.
"""

import json
import sys
from pathlib import Path
from typing import Any

R = "/repos/{owner}/{repo}"
OPERATIONS = {
    "/app": "get",
    "/app-manifests/{code}/conversions": "post",
    "/app/hook/deliveries": "get",
    "/app/hook/deliveries/{delivery_id}": "get",
    "/app/hook/deliveries/{delivery_id}/attempts": "post",
    "/app/installations": "get",
    "/app/installations/{installation_id}": "get",
    "/app/installations/{installation_id}/access_tokens": "post",
    "/installation/repositories": "get",
    "/installation/token": "delete",
    "/meta": "get",
    "/orgs/{org}/installation": "get",
    "/orgs/{org}/repos": "post",
    "/orgs/{org}/teams/{team_slug}": "get",
    "/orgs/{org}/teams/{team_slug}/memberships/{username}": "get",
    "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}": "put delete",
    "/rate_limit": "get",
    "/search/issues": "get",
    "/user": "get",
    "/users/{username}": "get",
    "/repos/{template_owner}/{template_repo}/generate": "post",
    R: "get patch",
    f"{R}/branches": "get",
    f"{R}/branches/{{branch}}": "get",
    f"{R}/check-runs": "post",
    f"{R}/check-runs/{{check_run_id}}": "get patch",
    f"{R}/check-runs/{{check_run_id}}/annotations": "get",
    f"{R}/check-runs/{{check_run_id}}/rerequest": "post",
    f"{R}/check-suites/{{check_suite_id}}": "get",
    f"{R}/check-suites/{{check_suite_id}}/check-runs": "get",
    f"{R}/check-suites/{{check_suite_id}}/rerequest": "post",
    f"{R}/collaborators/{{username}}/permission": "get",
    f"{R}/commits": "get",
    f"{R}/commits/{{commit_sha}}/pulls": "get",
    f"{R}/commits/{{ref}}": "get",
    f"{R}/commits/{{ref}}/check-runs": "get",
    f"{R}/commits/{{ref}}/check-suites": "get",
    f"{R}/commits/{{ref}}/status": "get",
    f"{R}/commits/{{ref}}/statuses": "get",
    f"{R}/compare/{{basehead}}": "get",
    f"{R}/contents/{{path}}": "get",
    f"{R}/deployments": "get post",
    f"{R}/deployments/{{deployment_id}}": "get",
    f"{R}/deployments/{{deployment_id}}/statuses": "get post",
    f"{R}/git/commits/{{commit_sha}}": "get",
    f"{R}/git/ref/{{ref}}": "get",
    f"{R}/git/trees/{{tree_sha}}": "get",
    f"{R}/installation": "get",
    f"{R}/issues": "get post",
    f"{R}/issues/comments": "get",
    f"{R}/issues/comments/{{comment_id}}": "get patch delete",
    f"{R}/issues/comments/{{comment_id}}/reactions": "get post",
    f"{R}/issues/comments/{{comment_id}}/reactions/{{reaction_id}}": "delete",
    f"{R}/issues/{{issue_number}}": "get patch",
    f"{R}/issues/{{issue_number}}/comments": "get post",
    f"{R}/issues/{{issue_number}}/labels": "get post put",
    f"{R}/issues/{{issue_number}}/labels/{{name}}": "delete",
    f"{R}/issues/{{issue_number}}/lock": "put delete",
    f"{R}/issues/{{issue_number}}/reactions": "get post",
    f"{R}/issues/{{issue_number}}/reactions/{{reaction_id}}": "delete",
    f"{R}/labels": "get post",
    f"{R}/labels/{{name}}": "get",
    f"{R}/pulls": "get post",
    f"{R}/pulls/{{pull_number}}": "get patch",
    f"{R}/pulls/{{pull_number}}/commits": "get",
    f"{R}/pulls/{{pull_number}}/files": "get",
    f"{R}/pulls/{{pull_number}}/merge": "get put",
    f"{R}/rulesets": "get post",
    f"{R}/rulesets/{{ruleset_id}}": "get put delete",
    f"{R}/statuses/{{sha}}": "post",
    f"{R}/teams": "get",
}
_WORDS_FOR_PEOPLE = {"description", "example", "examples", "title", "summary", "default"}


def cut(whole: dict[str, Any]) -> dict[str, Any]:
    """Return the description of `OPERATIONS`, as JSON Schema without references."""
    paths = {
        path: {
            method: _operation(whole, whole["paths"][path][method]) for method in methods.split()
        }
        for path, methods in OPERATIONS.items()
    }
    info = {"title": whole["info"]["title"], "version": whole["info"]["version"]}
    return {"info": info, "paths": paths}


def _operation(whole: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {
            "name": found["name"],
            "in": found["in"],
            "required": found.get("required", False),
            "schema": _schema(whole, found["schema"]),
        }
        for found in (_resolved(whole, each) for each in operation.get("parameters", []))
    ]
    body = operation.get("requestBody")
    if body is None:
        return {"parameters": parameters}
    schema = _schema(whole, next(iter(body["content"].values()))["schema"])
    required = body.get("required", False)
    return {"parameters": parameters, "requestBody": {"required": required, "schema": schema}}


def _schema(whole: dict[str, Any], node: Any) -> Any:
    if isinstance(node, list):
        return [_schema(whole, each) for each in node]
    if not isinstance(node, dict):
        return node
    node = _resolved(whole, node)
    kept: dict[str, Any] = {}
    for name, value in node.items():
        if name == "properties":
            kept[name] = {each: _schema(whole, schema) for each, schema in value.items()}
        elif name not in _WORDS_FOR_PEOPLE and name != "nullable" and not name.startswith("x-"):
            kept[name] = _schema(whole, value)
    if node.get("nullable") and isinstance(kept.get("type"), str):
        kept["type"] = [kept["type"], "null"]
        if "enum" in kept and None not in kept["enum"]:
            kept["enum"] = [*kept["enum"], None]
    return kept


def _resolved(whole: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = whole
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def main() -> None:
    """Read the whole description and write the cut one."""
    source, target = (Path(each) for each in sys.argv[1:])
    shape = cut(json.loads(source.read_text()))
    target.write_text(json.dumps(shape, sort_keys=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
