"""What is done with commit statuses and deployments."""

from typing import Any

from bot.simulated.github.accounts import Account
from bot.simulated.github.branches import Branches, Move
from bot.simulated.github.deployments import (
    DEPLOYMENT_STATES,
    MAXIMUM_CONTEXT,
    MAXIMUM_DESCRIPTION,
    MAXIMUM_STATUSES,
    STATUS_STATES,
    CommitStatus,
    Deployment,
    DeploymentStatus,
)
from bot.simulated.github.git import Draft
from bot.simulated.github.happenings import Announce, Happening
from bot.simulated.github.refusals import GitHubRefused, impossible, invalid
from bot.simulated.github.repositories import Repository
from bot.simulated.github.shapes.checks import (
    deployment_json,
    deployment_status_json,
    status_json,
)

Json = dict[str, Any]


class Reports:
    """Creates statuses and deployments, and announces them."""

    def __init__(self, announce: Announce, branches: Branches) -> None:
        self._announce = announce
        self._branches = branches

    def set_status(
        self, repository: Repository, actor: Account, sha: str, asked: Json
    ) -> CommitStatus:
        """Set a commit status; at most 1,000 in one context of one commit."""
        if asked.get("state") not in STATUS_STATES:
            raise invalid("Status", "state")
        context = asked.get("context") or "default"
        if len(context) > MAXIMUM_CONTEXT:
            raise invalid("Status", "context", message="context is too long")
        _check_description(asked, "Status")
        if sum(each.context == context for each in repository.statuses(sha)) >= MAXIMUM_STATUSES:
            raise impossible(
                "Status", "This SHA and context has reached the maximum number of statuses."
            )
        status = CommitStatus(
            id=repository.platform.next_id(),
            repository=repository,
            sha=sha,
            creator=actor,
            state=asked["state"],
            context=context,
            description=asked.get("description"),
            target_url=asked.get("target_url"),
            created_at=repository.platform.now(),
        )
        repository.commit_statuses.append(status)
        payload = {**status_json(status), "sha": sha, "name": repository.full_name}
        self._tell("status", None, repository, actor, payload)
        return status

    async def deploy(self, repository: Repository, actor: Account, asked: Json) -> Deployment | str:
        """Create a deployment; or return what was merged instead of it.

        Left to itself GitHub merges the default branch into the deployed one,
        and wants every status context green: both are refused with 409.
        """
        ref = str(asked.get("ref") or "")
        if (sha := await repository.git.resolve(ref)) is None:
            raise GitHubRefused(f"No ref found for: {ref}")
        _check_description(asked, "Deployment")
        if asked.get("auto_merge", True) and await self._merged_into(repository, actor, ref):
            return f"Auto-merged {repository.default_branch} into {ref} on deployment."
        _check_contexts(repository, sha, ref, asked.get("required_contexts"))
        deployment = _drafted(repository, actor, sha, asked)
        repository.deployments.append(deployment)
        payload = {
            "deployment": deployment_json(deployment),
            "workflow": None,
            "workflow_run": None,
        }
        self._tell("deployment", "created", repository, actor, payload)
        return deployment

    def set_deployment_status(
        self, repository: Repository, deployment: Deployment, actor: Account, asked: Json
    ) -> DeploymentStatus:
        """Say how far a deployment has come.

        A success makes the successful deployments before it inactive, unless
        `auto_inactive` is false.
        """
        if asked.get("state") not in DEPLOYMENT_STATES:
            raise invalid("DeploymentStatus", "state")
        _check_description(asked, "DeploymentStatus")
        status = self._add_status(deployment, actor, asked)
        if status.state == "success" and asked.get("auto_inactive", True):
            for other in repository.deployments:
                same = other.environment == deployment.environment and other is not deployment
                if same and other.state == "success" and not other.transient_environment:
                    self._add_status(other, actor, {"state": "inactive"})
        return status

    def _add_status(self, deployment: Deployment, actor: Account, asked: Json) -> DeploymentStatus:
        platform = deployment.repository.platform
        status = DeploymentStatus(
            id=platform.next_id(),
            creator=actor,
            state=asked["state"],
            environment=asked.get("environment") or deployment.environment,
            description=asked.get("description") or "",
            target_url=asked.get("log_url") or asked.get("target_url") or "",
            environment_url=asked.get("environment_url") or "",
            created_at=platform.now(),
        )
        deployment.statuses.append(status)
        deployment.environment = status.environment
        deployment.updated_at = status.created_at
        payload = {
            "deployment_status": deployment_status_json(deployment, status),
            "deployment": deployment_json(deployment),
        }
        happening = ("deployment_status", "created", actor, deployment.repository.owner, payload)
        self._announce(Happening(*happening, deployment.repository))
        return status

    async def _merged_into(self, repository: Repository, actor: Account, ref: str) -> bool:
        git, default = repository.git, repository.default_branch
        async with repository.lock:
            head = await git.resolve(f"heads/{ref}")
            if head is None or await git.reaches(base := await repository.head(), head):
                return False
            tree = await git.merged_tree(head, base)
            if tree is None:
                message = f"Conflict merging {default} into {ref}"
                raise GitHubRefused(message, status=409)
            draft = Draft(f"Merge {default} into {ref}", actor.signature, actor.signature)
            merge = await git.commit_tree(tree, [head, base], draft)
            await self._branches.move(Move(repository, actor, ref, head, merge))
        return True

    def _tell(
        self, event: str, action: str | None, repository: Repository, actor: Account, payload: Json
    ) -> None:
        self._announce(Happening(event, action, actor, repository.owner, payload, repository))


def _drafted(repository: Repository, actor: Account, sha: str, asked: Json) -> Deployment:
    now = repository.platform.now()
    environment = asked.get("environment") or "production"
    return Deployment(
        id=repository.platform.next_id(),
        repository=repository,
        creator=actor,
        ref=asked["ref"],
        sha=sha,
        task=asked.get("task") or "deploy",
        environment=environment,
        description=asked.get("description"),
        payload=asked.get("payload", {}),
        created_at=now,
        updated_at=now,
        transient_environment=bool(asked.get("transient_environment")),
        production_environment=asked.get("production_environment", environment == "production"),
    )


def _check_contexts(repository: Repository, sha: str, ref: str, wanted: list[str] | None) -> None:
    found = {status.context: status.state for status in repository.combined_statuses(sha)}
    contexts = list(found) if wanted is None else wanted
    if all(found.get(context) == "success" for context in contexts):
        return
    told = [{"context": context, "state": found.get(context, "")} for context in contexts]
    error = {"contexts": told, "resource": "Deployment", "field": "required_contexts"}
    message = f"Conflict: Commit status checks failed for {ref}."
    raise GitHubRefused(message, status=409, errors=[{**error, "code": "invalid"}])


def _check_description(asked: Json, resource: str) -> None:
    length = len(asked.get("description") or "")
    if length > MAXIMUM_DESCRIPTION:
        message = f"description is too long (maximum is {MAXIMUM_DESCRIPTION} characters)"
        raise invalid(resource, "description", message=message)
