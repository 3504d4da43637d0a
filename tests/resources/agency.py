"""The example's agency on a disk: services with history, and what becomes of tenants."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from resources.example import MyStack
from resources.fleet import Desired, Fleet
from resources.library import CdnCache
from tests.resources.service_repository import ServiceRepository

USERS = {
    "migrations/0001_users.sql": "CREATE TABLE users (id);",
    "migrations/0001_users.down.sql": "DROP TABLE users;",
}
ORDERS = {
    "migrations/0002_orders.sql": "CREATE TABLE orders (id);",
    "migrations/0002_orders.down.sql": "DROP TABLE orders;",
}
BAD = {"migrations/0002_bad.sql": "ALTER TABLE nowhere ADD COLUMN x;"}


@dataclass(frozen=True)
class Agency:
    """Three services with history, and the folder in which their tenants live."""

    home: Path
    services: Mapping[str, ServiceRepository]
    fleet: Fleet

    def stack(self, tenant: str, revisions: Mapping[str, str]) -> MyStack:
        desired = Desired(
            tenant=tenant, revisions=revisions, variables={"greeting": f"Hello {tenant}"}
        )
        stack = self.fleet.stack(desired)
        assert isinstance(stack, MyStack)
        return stack

    def environment(self, tenant: str, service: str) -> Path:
        return self.home / "accounts" / tenant / service

    def conf(self, tenant: str, service: str) -> str:
        return (self.environment(tenant, service) / "app.conf").read_text()

    def tables(self, tenant: str) -> list[str]:
        database = self.environment(tenant, "backend") / "database.sqlite3"
        with closing(sqlite3.connect(database)) as connection:
            query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            names = [name for (name,) in connection.execute(query)]
        return [name for name in names if not name.startswith("orbits_")]

    def cdn(self, tenant: str) -> CdnCache:
        return CdnCache(directory=self.environment(tenant, "frontend") / "cdn")

    def notifications(self) -> list[dict[str, object]]:
        text = (self.home / "notifications.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    """Hold that no file in the folder is touched meanwhile."""

    def stats() -> dict[str, tuple[int, int]]:
        found = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
        return {str(path): (stat.st_ino, stat.st_mtime_ns) for path, stat in found.items()}

    before = stats()
    yield
    assert stats() == before
