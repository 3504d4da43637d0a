"""The example's agency with its tenants in AWS: other leaves, the same steps.

It needs the extra `aws`: `pip install 'orbits-bot[aws]'`.
"""

from resources.example.on_aws.agency import AwsStack, AwsTenants, fleet
from resources.example.on_aws.services import (
    AuthOnAws,
    AwsAgency,
    BackendOnAws,
    FrontendOnAws,
    ServiceOnAws,
)

__all__ = [
    "AuthOnAws",
    "AwsAgency",
    "AwsStack",
    "AwsTenants",
    "BackendOnAws",
    "FrontendOnAws",
    "ServiceOnAws",
    "fleet",
]
