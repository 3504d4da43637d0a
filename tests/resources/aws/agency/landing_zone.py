"""An organization whose accounts are furnished when they are made, as StackSets do it at AWS."""

from typing import Any

from moto.cloudfront.models import cloudfront_backends
from moto.ecs.models import ecs_backends
from moto.logs.models import logs_backends
from moto.organizations.models import organizations_backends

from tests.resources.aws.organization import MANAGEMENT, Asked, OrganizationOfAws

DISTRIBUTION = "E2SITE"
LOG_GROUP = "/orbits/scripts"


class FurnishedOrganization(OrganizationOfAws):
    """Gives each new account a cluster that runs scripts, and a distribution of CloudFront."""

    region = "eu-west-1"

    def _finish(self, request: Asked) -> None:
        was_done = request.state != "IN_PROGRESS"
        super()._finish(request)
        if request.account is not None and not was_done:
            furnish(request.account, self.region)


def furnished_organization() -> FurnishedOrganization:
    """Answer what moto serves as AWS Organizations from now on."""
    organization = FurnishedOrganization("aws", MANAGEMENT)
    organizations_backends[MANAGEMENT]["aws"] = organization
    organization.create_organization("us-east-1")
    return organization


def furnish(account: str, region: str) -> None:
    """Make in an account what the stacks of all tenants find there."""
    options = {
        "awslogs-group": LOG_GROUP,
        "awslogs-region": region,
        "awslogs-stream-prefix": "orbits",
    }
    container = {
        "name": "script",
        "image": "postgres:17-alpine",
        "memory": 512,
        "entryPoint": ["env"],
        "command": ["true"],
        "stopTimeout": 2,
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    logs_backends[account][region].create_log_group(LOG_GROUP, {})
    ecs: Any = ecs_backends[account][region]
    ecs.create_cluster("tenants")
    ecs.register_task_definition("scripts", [container])
    cdn = cloudfront_backends[account]["aws"]
    made, _, _ = cdn.create_distribution(_site(), [])
    made.distribution_id = made.id = DISTRIBUTION
    cdn.distributions = {DISTRIBUTION: made}


def _site() -> dict[str, Any]:
    """Answer what a distribution is made of; moto keeps it, and changes it."""
    bucket = {"OriginAccessIdentity": ""}
    origin = {"Id": "site", "DomainName": "site.s3.amazonaws.com", "S3OriginConfig": bucket}
    return {
        "CallerReference": "landing-zone",
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {"TargetOriginId": "site", "ViewerProtocolPolicy": "allow-all"},
        "Comment": "",
        "Enabled": True,
    }
