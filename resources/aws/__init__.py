"""What tenants have in AWS: accounts, stacks, caches, secrets, and where scripts run there.

It needs the extra `aws`: `pip install 'orbits-bot[aws]'`.
"""

from resources.aws.connection import AwsConnection
from resources.aws.failures import AwsFailed

__all__ = ["AwsConnection", "AwsFailed"]
