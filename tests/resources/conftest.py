"""Service repositories with real git history, and an agency that has three of them."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from bot.store.database import Database
from resources.example import fleet
from resources.executors import LocalExecutor
from tests.postgres import Postgres
from tests.resources.agency import BAD, ORDERS, USERS, Agency
from tests.resources.infrastructure import SITE, Infrastructure, terraform_or_skip
from tests.resources.provided_files import ProvidedFiles, installed_provider
from tests.resources.schemas import Schema, psql_or_skip
from tests.resources.service_repository import ServiceRepository


@pytest.fixture
def repository(tmp_path: Path) -> Callable[[str], ServiceRepository]:
    """Make a git repository of that name."""

    def make(name: str) -> ServiceRepository:
        return ServiceRepository(tmp_path / "origin" / name)

    return make


@pytest.fixture
def agency(tmp_path: Path, repository: Callable[[str], ServiceRepository]) -> Agency:
    services = {name: repository(name) for name in ("auth", "backend", "frontend")}
    sources = {name: service.address for name, service in services.items()}
    home = tmp_path / "home"
    return Agency(home, services, fleet(home, sources))


@pytest.fixture
def first(agency: Agency) -> dict[str, str]:
    """The revisions at which all is well."""
    conf = {"deploy/app.conf": "first of $tenant: $greeting"}
    return {
        "auth": agency.services["auth"].commit({**conf}),
        "backend": agency.services["backend"].commit({**conf, **USERS}),
        "frontend": agency.services["frontend"].commit({**conf}),
    }


@pytest.fixture
def second(agency: Agency, first: dict[str, str]) -> dict[str, str]:
    """The revisions after backend and frontend were worked on."""
    conf = {"deploy/app.conf": "second of $tenant"}
    return {
        **first,
        "backend": agency.services["backend"].commit({**conf, **ORDERS}),
        "frontend": agency.services["frontend"].commit({**conf}),
    }


@pytest.fixture
def broken(agency: Agency, first: dict[str, str]) -> dict[str, str]:
    """The revisions at which the backend has a migration that fails."""
    conf = {"deploy/app.conf": "broken of $tenant"}
    return {
        "auth": agency.services["auth"].commit({**conf}),
        "backend": agency.services["backend"].commit({**conf, **BAD}),
        "frontend": agency.services["frontend"].commit({**conf}),
    }


@pytest.fixture
def schema(postgres: Postgres, tmp_path: Path) -> Iterator[Schema]:
    """An empty PostgreSQL database, to be migrated by a real psql."""
    psql = psql_or_skip()
    url = postgres.new_database(migrated=False)
    yield Schema(postgres, url, tmp_path, psql)
    postgres.drop(url)


@pytest.fixture
async def infrastructure(database: Database, tmp_path: Path) -> AsyncIterator[Infrastructure]:
    """A module, and a bot that keeps its state; skips where there is no Terraform."""
    terraform_or_skip()
    infrastructure = Infrastructure(database, tmp_path)
    infrastructure.write(main=SITE)
    async with infrastructure.served():
        yield infrastructure


@pytest.fixture(scope="session")
def files_provider(tmp_path_factory: pytest.TempPathFactory) -> LocalExecutor:
    """Run Terraform where it finds our provider of files; skips where there is no Terraform."""
    return installed_provider(tmp_path_factory.mktemp("provider"))


@pytest.fixture
def provided(infrastructure: Infrastructure, files_provider: LocalExecutor) -> ProvidedFiles:
    """Files of a module, and a bot that keeps its state."""
    return ProvidedFiles(infrastructure, files_provider)
