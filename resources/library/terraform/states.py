"""Where the states of Terraform modules are kept, as far as a module needs to know it."""

from collections.abc import Collection
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class StateAccess(BaseModel):
    """How a run comes to one state by Terraform's `http` backend, until the run ends."""

    model_config = ConfigDict(frozen=True)

    address: str
    user: str
    password: str = Field(repr=False)

    def variables(self) -> dict[str, str]:
        """Answer what configures the backend wholly, for the environment of Terraform.

        https://developer.hashicorp.com/terraform/language/backend/http
        """
        return {
            "TF_HTTP_ADDRESS": self.address,
            "TF_HTTP_LOCK_ADDRESS": self.address,
            "TF_HTTP_UNLOCK_ADDRESS": self.address,
            "TF_HTTP_LOCK_METHOD": "LOCK",
            "TF_HTTP_UNLOCK_METHOD": "UNLOCK",
            "TF_HTTP_USERNAME": self.user,
            "TF_HTTP_PASSWORD": self.password,
        }


class TerraformStates:
    """Keeps the states of modules by their identities; the process gives it to its runs."""

    async def access(self, identity: str, run_id: str) -> StateAccess:
        """Answer how that run comes to that state; its password is masked from now on.

        Raises `OrbitsError` where the run does not go on, or no address is known.
        """
        raise NotImplementedError

    async def newest(self, identity: str) -> bytes | None:
        """Answer the state as Terraform wrote it last, or `None` where there is none."""
        raise NotImplementedError

    async def as_of(self, identity: str, moment: datetime) -> bytes | None:
        """Answer the state as it was at that moment, or `None` where there was none.

        Where nobody remembers that one any more, it is the oldest that is remembered.
        """
        raise NotImplementedError

    async def note_imported(self, identity: str, addresses: Collection[str]) -> None:
        """Remember which objects are taken into the state that were there before."""
        raise NotImplementedError

    async def imported(self, identity: str) -> frozenset[str]:
        """Answer the addresses of all objects that were ever taken into the state."""
        raise NotImplementedError
