"""What tenants have in AWS: accounts, stacks, caches, secrets, and where scripts run there.

It needs the extra `aws`: `pip install 'orbits-bot[aws]'`.
"""

from resources.aws.account.account import AwsAccount, AwsAccountAccess
from resources.aws.account.refusals import AccountNotCreated
from resources.aws.cdk.assembly import CloudAssembly
from resources.aws.cdk.stack import CdkStack
from resources.aws.cdk.synth import CdkApp, CdkSynth
from resources.aws.cloudformation.outputs import (
    CloudFormationFailed,
    CloudFormationOutputs,
    OutputMissing,
)
from resources.aws.cloudformation.stack import CloudFormationStack
from resources.aws.cloudfront import ClearCloudFront, CloudFrontInvalidation
from resources.aws.connection import AwsConnection
from resources.aws.ecs.definition import EcsTask, EcsTaskDefinition
from resources.aws.ecs.executor import EcsExecutor
from resources.aws.failures import AwsFailed
from resources.aws.secrets import ParameterStore, SecretsManager
from resources.aws.ssm.executor import SsmExecutor

__all__ = [
    "AccountNotCreated",
    "AwsAccount",
    "AwsAccountAccess",
    "AwsConnection",
    "AwsFailed",
    "CdkApp",
    "CdkStack",
    "CdkSynth",
    "ClearCloudFront",
    "CloudAssembly",
    "CloudFormationFailed",
    "CloudFormationOutputs",
    "CloudFormationStack",
    "CloudFrontInvalidation",
    "EcsExecutor",
    "EcsTask",
    "EcsTaskDefinition",
    "OutputMissing",
    "ParameterStore",
    "SecretsManager",
    "SsmExecutor",
]
