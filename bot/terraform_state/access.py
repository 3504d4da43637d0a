"""How runs of this process come to the states of their modules."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

from bot.store.database import Database
from bot.terraform_state import imports, versions
from bot.terraform_state.passwords import Bearer, Passwords
from bot.terraform_state.statements import NEWEST, TOKEN
from resources.errors import NotRunning, OrbitsError
from resources.library.terraform.states import StateAccess, TerraformStates

PATH = "/terraform/state"


class Hides(Protocol):
    """Keeps a value out of all that is told; a `passing` one is worth nothing after a while."""

    def __call__(self, value: str, *, passing: bool) -> None: ...  # noqa: D102


class ServedStates(TerraformStates):
    """The states in the bot's own database, which the bot serves at `address`.

    `address` answers where, as seen by whoever runs Terraform, or `None` where it is not known;
    `mask` gets every password.
    """

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        address: Callable[[], str | None],
        mask: Hides,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._address = address
        self._mask = mask

    async def access(self, identity: str, run_id: str) -> StateAccess:
        """Answer the address and a password that ends with the run, or when it changes hands."""
        address = self._address()
        if address is None:
            raise OrbitsError(
                f"The state of {identity} cannot be reached: this process serves nothing itself, "
                "and does not know where the bot is served. Set ORBITS_PUBLIC_URL to the address "
                "of `orbits serve`, as this machine reaches it, and retry. Nothing was changed."
            )
        running = await self._database.ask(TOKEN, {"by_run": run_id})
        if not running:
            raise NotRunning(f"The run {run_id} has ended, so it gets no access to {identity}.")
        password = self._passwords.of(Bearer(run_id, running[0].token), identity)
        self._mask(password, passing=True)
        return StateAccess(
            address=f"{address.rstrip('/')}{PATH}/{quote(identity, safe='')}",
            user=run_id,
            password=password,
        )

    async def newest(self, identity: str) -> bytes | None:
        """Answer the state, or `None`."""
        return versions.state_in(await self._database.ask(NEWEST, {"state_of": identity}))

    async def as_of(self, identity: str, moment: datetime) -> bytes | None:
        """Answer the state as it was, or `None`."""
        return await self._database.read(lambda session: versions.as_of(session, identity, moment))

    async def note_imported(self, identity: str, addresses: Collection[str]) -> None:
        """Remember what is taken into the state."""
        await self._database.write(lambda session: imports.note(session, identity, addresses))

    async def imported(self, identity: str) -> frozenset[str]:
        """Answer what was ever taken into the state."""
        return await self._database.read(lambda session: imports.noted(session, identity))
