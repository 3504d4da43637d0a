"""A tenant's account of its own; in this release, a folder that plays the cloud account."""

import asyncio
import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from resources.errors import Refused
from resources.library.atomic import write_atomically
from resources.library.names import Slug
from resources.model.resource import Difference, Resource, Severity


class Account(BaseModel):
    """What the services of a tenant need to know of its account."""

    model_config = ConfigDict(frozen=True)

    id: str
    number: str
    path: Path


class LocalAccount(Resource):
    """A folder in which everything of one tenant lives, with a number as clouds give it.

        account = await self.do("account-install", LocalAccount(id="acme", home=home / "accounts"))

    The number is derived from the id: asked for twice, it is the same account.
    """

    id: Slug
    home: Path

    def identity(self) -> str:
        """Answer `account-{id}`."""
        return f"account-{self.id}"

    async def output(self) -> Account:
        """Answer the account."""
        return Account(id=self.id, number=self._number, path=self._path)

    async def intact(self) -> bool:
        """Answer whether the account is still there."""
        return await asyncio.to_thread(self._record.is_file)

    async def define_update(self) -> None:
        """Write down the account; what lives in it is left alone."""
        content = json.dumps({"id": self.id, "number": self._number}, indent=2)
        await asyncio.to_thread(write_atomically, self._record, f"{content}\n".encode())

    async def define_uninstall(self) -> None:
        """Close the account, once nothing lives in it."""
        await asyncio.to_thread(self._close)

    async def define_cycle(self) -> list[Difference]:
        """Compare the number on record."""
        observed = await asyncio.to_thread(self._observed_number)
        if observed == self._number:
            return []
        return [
            Difference(
                path="account/number",
                desired=self._number,
                observed=observed,
                severity=Severity.CRITICAL,
            )
        ]

    @property
    def _path(self) -> Path:
        return self.home / self.id

    @property
    def _record(self) -> Path:
        return self._path / "account.json"

    @property
    def _number(self) -> str:
        return f"{int(hashlib.sha256(self.id.encode()).hexdigest(), 16) % 10**12:012}"

    def _observed_number(self) -> str | None:
        try:
            return str(json.loads(self._record.read_text())["number"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def _close(self) -> None:
        if not self._path.exists():
            return
        living = sorted(entry.name for entry in self._path.iterdir() if entry != self._record)
        if living:
            raise Refused(
                f"{self.identity()} is not closed: {', '.join(living)} still live in it. "
                f"Uninstall them first, or remove {self._path} by hand. Nothing was changed."
            )
        self._record.unlink(missing_ok=True)
        self._path.rmdir()
