"""Passwords of runs for the state of one module: made and checked, and stored nowhere."""

import hashlib
import hmac
from typing import NamedTuple

_PURPOSE = b"orbits: passwords for the state of Terraform modules, 1"


class Bearer(NamedTuple):
    """A run, as it is while it has one token: whoever takes it over has another."""

    run_id: str
    token: int


class Passwords:
    """Makes the password of a run for one state, and tells whose password one is.

    It is a signature by a key that is derived from `secret`, which all processes of the bot share
    and nobody else knows. Whether the run still goes on stands in its row, not in the password.
    """

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)

    def of(self, bearer: Bearer, identity: str) -> str:
        """Answer the password with which a run comes to the state `identity`."""
        text = f"{bearer.token}\n{bearer.run_id}\n{identity}"
        signature = hmac.digest(self._key, text.encode(), hashlib.sha256).hex()
        return f"{bearer.token}-{signature}"

    def bearer(self, user: str, password: str, identity: str) -> Bearer | None:
        """Answer whose password for `identity` it is, or `None` where it is nobody's."""
        token = password.partition("-")[0]
        if not (token.isascii() and token.isdecimal() and len(token) < 12):
            return None
        bearer = Bearer(user, int(token))
        made = self.of(bearer, identity)
        return bearer if hmac.compare_digest(made.encode(), password.encode()) else None
