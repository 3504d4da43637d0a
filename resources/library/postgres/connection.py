"""How psql and its kin get to a PostgreSQL database, without an address that holds a password."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from resources.secrets import Secret

Word = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f]+$")]

SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]

CONNECT_SECONDS = 10


class PostgresConnection(BaseModel):
    """A database, as seen from where the script runs.

        PostgresConnection(
            host="db.internal", database="acme", user="migrator", password="env:ACME_DATABASE",
        )
        PostgresConnection(service="acme", service_file="/etc/orbits/pg_service.conf")

    Either a host (the folder of its socket, on the same machine) or a service of libpq's
    `pg_service.conf`, which may name a password file. Name a server itself: behind a pooler that
    hands out connections by the transaction, the lock that keeps two of us apart is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Word | None = None
    port: Annotated[int, Field(gt=0, lt=65536)] = 5432
    database: Word | None = None
    user: Word | None = None
    password: Secret | None = None
    sslmode: SslMode | None = None
    sslrootcert: Word | None = None
    service: Word | None = None
    service_file: Word | None = None

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if (self.host is None) == (self.service is None):
            raise ValueError("a connection names either a host or a service")
        if self.host is not None and (self.database is None or self.user is None):
            raise ValueError("a connection to a host names the database and the user")
        return self

    @property
    def name(self) -> str:
        """Which database it is, such as `db.internal:5432/acme`."""
        if self.service is not None:
            return f"service:{self.service}" + (f"/{self.database}" if self.database else "")
        return f"{self.host}:{self.port}/{self.database}"

    def variables(self, application: str, password: str | None) -> Mapping[str, str]:
        """Answer the environment by which libpq connects, and introduces itself to others."""
        named = {
            "PGHOST": self.host,
            "PGPORT": None if self.host is None else str(self.port),
            "PGDATABASE": self.database,
            "PGUSER": self.user,
            "PGPASSWORD": password,
            "PGSSLMODE": self.sslmode,
            "PGSSLROOTCERT": self.sslrootcert,
            "PGSERVICE": self.service,
            "PGSERVICEFILE": self.service_file,
            "PGAPPNAME": application[:63],
            "PGCLIENTENCODING": "UTF8",
            "PGCONNECT_TIMEOUT": str(CONNECT_SECONDS),
        }
        return {name: value for name, value in named.items() if value is not None}
