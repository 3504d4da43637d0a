"""A fleet as its users write one: three services, a stack for each tenant, all tenants at once."""

from resources.example.agency import fleet, stacks
from resources.example.services import (
    AuthResource,
    BackendResource,
    BaseResource,
    FrontendResource,
    ServiceResource,
)
from resources.example.stack import MyStack, RollbackFailed
from resources.example.tenants import Tenants, TenantsFailed

__all__ = [
    "AuthResource",
    "BackendResource",
    "BaseResource",
    "FrontendResource",
    "MyStack",
    "RollbackFailed",
    "ServiceResource",
    "Tenants",
    "TenantsFailed",
    "fleet",
    "stacks",
]
