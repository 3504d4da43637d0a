"""The agency of the example in AWS: services with history, and what its tenants have there."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from moto.cloudformation.models import cloudformation_backends
from moto.cloudfront.models import cloudfront_backends
from moto.ssm.models import ssm_backends
from psycopg.conninfo import conninfo_to_dict

from resources.aws import AwsConnection
from resources.aws.failures import asked
from resources.example.on_aws import AwsAgency, AwsStack, fleet
from resources.fleet import Desired, Fleet
from tests.resources.aws.agency import cdk_app
from tests.resources.aws.agency.landing_zone import DISTRIBUTION, FurnishedOrganization
from tests.resources.aws.cloud import AT_ONCE
from tests.resources.service_repository import ServiceRepository

SERVICES = ("auth", "backend", "frontend")
TENANTS = ("acme", "globex")
PASSWORD = "correct-horse-battery-staple-42"
EMAIL = "aws+{id}@agency.example"
USERS = {
    "migrations/0001_users.sql": "CREATE TABLE users (email text);",
    "migrations/0001_users.down.sql": "DROP TABLE users;",
}
UNIQUE = {
    "migrations/0002_unique_email.sql": "CREATE UNIQUE INDEX one_account ON users (email);",
    "migrations/0002_unique_email.down.sql": "DROP INDEX one_account;",
}


@dataclass(frozen=True)
class AgencyOnAws:
    """Three services, an organization at AWS, and a database for each tenant."""

    connection: AwsConnection
    organization: FurnishedOrganization
    home: Path
    services: Mapping[str, ServiceRepository]
    databases: dict[str, str] = field(default_factory=dict)
    consents_to_deletion: bool = False

    def commit(
        self,
        service: str,
        greeting: str,
        files: Mapping[str, str] | None = None,
        **context: str,
    ) -> str:
        """Commit a service with its app and further files, and answer the revision."""
        app = app_of(service, greeting, **context)
        return self.services[service].commit({**app, **(files or {})})

    def commit_all(self, greeting: str, migrations: Mapping[str, str]) -> dict[str, str]:
        """Commit all services, the backend with migrations, and answer the revisions."""
        own = {"backend": migrations}
        return {name: self.commit(name, greeting, own.get(name)) for name in SERVICES}

    @property
    def agency(self) -> AwsAgency:
        return AwsAgency(
            connection=self.connection,
            email=EMAIL,
            owner="agency",
            looks_every=AT_ONCE,
            consents_to_deletion=self.consents_to_deletion,
        )

    def fleet(self, leaving: Collection[str] = ()) -> Fleet:
        sources = {name: service.address for name, service in self.services.items()}
        return fleet(self.home, self.agency, sources, leaving)

    def stack(self, tenant: str, revisions: Mapping[str, str], *, leaves: bool = False) -> AwsStack:
        """Answer a tenant's stack; who `leaves` consents to the loss of all that it has."""
        desired = Desired(tenant=tenant, revisions=revisions, variables=self.variables(tenant))
        stack = self.fleet([tenant] if leaves else []).stack(desired)
        assert isinstance(stack, AwsStack)
        return stack

    def variables(self, tenant: str) -> dict[str, Any]:
        """Answer the tenant's variables, which say where its database is, if it has one."""
        if tenant not in self.databases:
            return {}
        known = conninfo_to_dict(self.databases[tenant])
        place = {
            "DatabaseHost": str(known["host"]),
            "DatabasePort": str(known.get("port", 5432)),
            "DatabaseName": str(known["dbname"]),
            "DatabaseUser": str(known["user"]),
        }
        return {"backend": place}

    async def keep_password(self, tenant: str) -> None:
        """Let somebody keep the password of a tenant's database in the agency's own account."""
        known = conninfo_to_dict(self.databases[tenant])
        client = await self.connection.client("secretsmanager")
        value = json.dumps({"password": known.get("password", PASSWORD)})
        await asked(client.create_secret, Name=f"{tenant}/database", SecretString=value)

    def account(self, tenant: str) -> str:
        """Answer the number of a tenant's account."""
        return self.organization.number(EMAIL.replace("{id}", tenant))

    def greetings(self, tenant: str) -> dict[str, str]:
        """Answer what is deployed in a tenant's account, by service."""
        store = ssm_backends[self.account(tenant)][self.connection.region]
        found = {name: store.get_parameter(f"/{tenant}/{name}/greeting") for name in SERVICES}
        return {name: there.value for name, there in found.items() if there}

    def word(self, tenant: str, name: str) -> str | None:
        """Answer a parameter in a tenant's account, if it is there."""
        there = ssm_backends[self.account(tenant)][self.connection.region].get_parameter(name)
        return there.value if there else None

    async def greets_by_hand(self, tenant: str, service: str, value: str) -> None:
        """Let somebody change a parameter in a tenant's account."""
        inside = self.connection.inside(self.account(tenant))
        client = await inside.client("ssm")
        await asked(
            client.put_parameter, Name=f"/{tenant}/{service}/greeting", Value=value, Overwrite=True
        )

    def stacks(self, tenant: str) -> list[str]:
        """Answer the names of the stacks in a tenant's account."""
        there = cloudformation_backends[self.account(tenant)][self.connection.region].stacks
        return sorted(stack.name for stack in there.values())

    def fails(self, tenant: str, resource: str, reason: str) -> None:
        """Let AWS not make a resource of a tenant's stacks from now on."""
        there: Any = cloudformation_backends[self.account(tenant)][self.connection.region]
        there.failing[resource] = reason

    def deletes_stack_by_hand(self, tenant: str, name: str) -> None:
        """Let somebody delete a stack in a tenant's account, and all that is in it."""
        there = cloudformation_backends[self.account(tenant)][self.connection.region]
        (stack,) = [each for each in there.stacks.values() if each.name == name]
        stack.resource_map.delete()
        there.deleted_stacks[stack.stack_id] = there.stacks.pop(stack.stack_id)

    def state(self, tenant: str) -> str:
        """Answer how a tenant's account is at AWS."""
        return str(self.organization.get_account_by_id(self.account(tenant)).state)

    def invalidations(self, tenant: str) -> int:
        """Answer how often the CDN of a tenant was cleared."""
        cdn = cloudfront_backends[self.account(tenant)]["aws"]
        return len(cdn.invalidations.get(DISTRIBUTION, []))

    def tables(self, tenant: str) -> list[str]:
        """Answer the tables in a tenant's database."""
        return self._names(tenant, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")

    def indexes(self, tenant: str) -> list[str]:
        """Answer the indexes in a tenant's database."""
        return self._names(tenant, "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")

    def changes_database(self, tenant: str, statement: str) -> None:
        """Let somebody change a tenant's database by hand."""
        with psycopg.connect(self.databases[tenant], autocommit=True) as connection:
            connection.execute(statement.encode())

    def _names(self, tenant: str, query: str) -> list[str]:
        with psycopg.connect(self.databases[tenant], autocommit=True) as connection:
            rows = connection.execute(query.encode()).fetchall()
        return sorted(name for (name,) in rows if not name.startswith("orbits"))


def app_of(service: str, greeting: str, **context: str) -> dict[str, str]:
    """Answer the files of a service's app of the CDK."""
    settings = {
        "app": "python3 app.py",
        "context": {"stack": service.capitalize(), "greeting": greeting, **context},
    }
    return {
        "infra/app.py": Path(cdk_app.__file__).read_text(),
        "infra/cdk.json": json.dumps(settings),
    }
