"""Commit statuses and deployments."""

from bot.simulated.github.deployments import Deployment
from bot.simulated.github.refusals import not_found
from bot.simulated.github.rest.endpoints import Answer, Call, Family
from bot.simulated.github.rest.paging import cut, page
from bot.simulated.github.shapes.checks import (
    combined_state,
    deployment_json,
    deployment_status_json,
    status_json,
)
from bot.simulated.github.shapes.repositories import repository_json

family = Family()
REPOSITORY = "/repos/{owner}/{repo}"
DEPLOYMENT = REPOSITORY + "/deployments/{deployment_id}"


@family.on("POST", REPOSITORY + "/statuses/{sha}", "statuses")
async def create_status(call: Call) -> Answer:
    """Set a status on a commit."""
    repository = call.repository
    sha = await repository.commit_named(call.path["sha"])
    status = call.world.acts.reports.set_status(repository, call.actor, sha, call.body)
    return Answer(status_json(status), 201)


@family.on("GET", REPOSITORY + "/commits/{ref:path}/statuses", "statuses")
async def list_statuses(call: Call) -> Answer:
    """List the statuses of a commit, newest first."""
    repository = call.repository
    sha = await repository.commit_named(call.path["ref"])
    return page(call, repository.statuses(sha), status_json)


@family.on("GET", REPOSITORY + "/commits/{ref:path}/status", "statuses")
async def get_combined_status(call: Call) -> Answer:
    """Tell what the newest statuses of a commit come to."""
    repository = call.repository
    sha = await repository.commit_named(call.path["ref"])
    statuses = repository.combined_statuses(sha)
    chosen, headers = cut(call, statuses)
    return Answer(
        {
            "state": combined_state(statuses),
            "statuses": [status_json(status) for status in chosen],
            "sha": sha,
            "total_count": len(statuses),
            "repository": repository_json(repository),
            "commit_url": f"{repository.url}/commits/{sha}",
            "url": f"{repository.url}/commits/{sha}/status",
        },
        headers=headers,
    )


@family.on("POST", REPOSITORY + "/deployments", "deployments")
async def create_deployment(call: Call) -> Answer:
    """Create a deployment; 202 if GitHub merged instead, 409 if it may not be."""
    made = await call.world.acts.reports.deploy(call.repository, call.actor, call.body)
    if isinstance(made, str):
        return Answer({"message": made}, 202)
    return Answer(deployment_json(made), 201)


@family.on("GET", REPOSITORY + "/deployments", "deployments")
async def list_deployments(call: Call) -> Answer:
    """List deployments, newest first."""
    names = ("sha", "ref", "task", "environment")
    asked = {name: call.query[name] for name in names if name in call.query}
    found = [
        deployment
        for deployment in reversed(call.repository.deployments)
        if all(getattr(deployment, name) == value for name, value in asked.items())
    ]
    return page(call, found, deployment_json)


@family.on("GET", DEPLOYMENT, "deployments")
async def get_deployment(call: Call) -> Answer:
    """Get a deployment."""
    return Answer(deployment_json(_deployment(call)))


@family.on("POST", DEPLOYMENT + "/statuses", "deployments")
async def create_deployment_status(call: Call) -> Answer:
    """Say how far a deployment has come."""
    deployment = _deployment(call)
    status = call.world.acts.reports.set_deployment_status(
        call.repository, deployment, call.actor, call.body
    )
    return Answer(deployment_status_json(deployment, status), 201)


@family.on("GET", DEPLOYMENT + "/statuses", "deployments")
async def list_deployment_statuses(call: Call) -> Answer:
    """List the statuses of a deployment, newest first."""
    deployment = _deployment(call)
    newest_first = list(reversed(deployment.statuses))
    return page(call, newest_first, lambda each: deployment_status_json(deployment, each))


def _deployment(call: Call) -> Deployment:
    wanted = call.number("deployment_id")
    for deployment in call.repository.deployments:
        if deployment.id == wanted:
            return deployment
    raise not_found()
