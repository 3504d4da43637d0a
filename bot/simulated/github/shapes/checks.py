"""Checks, statuses and deployments as JSON."""

from bot.simulated.github.checks import CheckRun, CheckSuite
from bot.simulated.github.deployments import CommitStatus, Deployment, DeploymentStatus
from bot.simulated.github.platform import node_id, stamp
from bot.simulated.github.pulls import PullRequest
from bot.simulated.github.shapes.accounts import Json, account_json, app_json
from bot.simulated.github.shapes.pulls import brief_pull_json
from bot.simulated.github.shapes.repositories import repository_json


def check_run_json(run: CheckRun, pulls: list[PullRequest]) -> Json:
    """Return a check run; its actions are not told, as on GitHub."""
    platform = run.repository.platform
    return {
        "id": run.id,
        "name": run.name,
        "node_id": node_id("CheckRun", run.id),
        "head_sha": run.head_sha,
        "external_id": run.external_id,
        "url": run.url,
        "html_url": run.html_url,
        "details_url": run.details_url or run.html_url,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": stamp(run.started_at),
        "completed_at": stamp(run.completed_at) if run.completed_at else None,
        "output": {
            "title": run.title,
            "summary": run.summary,
            "text": run.text,
            "annotations_count": len(run.annotations),
            "annotations_url": f"{run.url}/annotations",
        },
        "check_suite": {"id": run.suite.id},
        "app": app_json(run.app, platform),
        "pull_requests": _on(run.head_sha, pulls),
    }


def annotation_json(run: CheckRun, annotation: Json) -> Json:
    """Return what a check run says about lines of a file."""
    path = annotation["path"]
    kept = ("start_column", "end_column", "title", "raw_details")
    return {
        **dict.fromkeys(kept),
        **annotation,
        "blob_href": f"{run.repository.html_url}/blob/{run.head_sha}/{path}",
    }


def check_suite_json(suite: CheckSuite, pulls: list[PullRequest]) -> Json:
    """Return a check suite."""
    repository = suite.repository
    url = f"{repository.url}/check-suites/{suite.id}"
    return {
        "id": suite.id,
        "node_id": node_id("CheckSuite", suite.id),
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "status": suite.status,
        "conclusion": suite.conclusion,
        "url": url,
        "before": suite.before,
        "after": suite.head_sha,
        "pull_requests": _on(suite.head_sha, pulls),
        "app": app_json(suite.app, repository.platform),
        "repository": repository_json(repository),
        "created_at": stamp(suite.created_at),
        "updated_at": stamp(suite.updated_at),
        "latest_check_runs_count": len(suite.latest_runs),
        "check_runs_url": f"{url}/check-runs",
    }


def status_json(status: CommitStatus) -> Json:
    """Return a commit status."""
    repository = status.repository
    return {
        "url": f"{repository.url}/statuses/{status.sha}",
        "avatar_url": None,
        "id": status.id,
        "node_id": node_id("StatusContext", status.id),
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": stamp(status.created_at),
        "updated_at": stamp(status.created_at),
        "creator": account_json(status.creator, repository.platform),
    }


def combined_state(statuses: list[CommitStatus]) -> str:
    """Return what the newest statuses of a commit come to; `pending` if there are none."""
    states = {status.state for status in statuses}
    if states & {"error", "failure"}:
        return "failure"
    return "success" if states == {"success"} else "pending"


def deployment_json(deployment: Deployment) -> Json:
    """Return a deployment."""
    repository = deployment.repository
    return {
        "url": deployment.url,
        "id": deployment.id,
        "node_id": node_id("Deployment", deployment.id),
        "sha": deployment.sha,
        "ref": deployment.ref,
        "task": deployment.task,
        "payload": deployment.payload,
        "original_environment": deployment.environment,
        "environment": deployment.environment,
        "description": deployment.description,
        "creator": account_json(deployment.creator, repository.platform),
        "created_at": stamp(deployment.created_at),
        "updated_at": stamp(deployment.updated_at),
        "statuses_url": f"{deployment.url}/statuses",
        "repository_url": repository.url,
        "transient_environment": deployment.transient_environment,
        "production_environment": deployment.production_environment,
    }


def deployment_status_json(deployment: Deployment, status: DeploymentStatus) -> Json:
    """Return one status of a deployment."""
    repository = deployment.repository
    return {
        "url": f"{deployment.url}/statuses/{status.id}",
        "id": status.id,
        "node_id": node_id("DeploymentStatus", status.id),
        "state": status.state,
        "creator": account_json(status.creator, repository.platform),
        "description": status.description,
        "environment": status.environment,
        "target_url": status.target_url,
        "log_url": status.target_url,
        "environment_url": status.environment_url,
        "created_at": stamp(status.created_at),
        "updated_at": stamp(status.created_at),
        "deployment_url": deployment.url,
        "repository_url": repository.url,
    }


def _on(sha: str, pulls: list[PullRequest]) -> list[Json]:
    return [
        brief_pull_json(pull) for pull in pulls if pull.head_sha == sha and pull.state == "open"
    ]
