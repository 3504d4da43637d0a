"""The secrets that a test gives: revealed in a run, and masked in all that it prints."""

from collections.abc import Mapping

from resources.errors import OrbitsError
from resources.secrets import Secret, SecretNotFound

MASK = "[masked]"
SHORTEST = 4
"""Of fewer characters a value is not masked; the bot does not either."""


class SecretNotStorable(OrbitsError):
    """What is to be stored holds a secret that the rehearsal has revealed."""


class GivenSecrets:
    """Values by their references, such as `{"env:SHOP_KEY": "nobody knows"}`.

    A value is masked, and refused in what is stored, as it stands; the bot also finds it in
    base64 and in addresses.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)
        self._revealed: set[str] = set()

    def reveal(self, secret: Secret) -> str:
        """Answer the value; raises `SecretNotFound`."""
        value = self._values.get(str(secret))
        if value is None:
            raise SecretNotFound(
                f"The secret `{secret}` was not found: the test does not give it. Make the "
                f'rehearsal with it: Rehearsal(secrets={{"{secret}": "..."}}).'
            )
        if len(value) >= SHORTEST:
            self._revealed.add(value)
        return value

    def mask(self, text: str) -> str:
        """Answer the text with `[masked]` wherever a revealed secret stands in it."""
        for value in sorted(self._revealed, key=len, reverse=True):
            text = text.replace(value, MASK)
        return text

    def demand_none_in(self, text: str, what: str) -> str:
        """Answer `text`; raises `SecretNotStorable` where it holds a secret."""
        if self.mask(text) != text:
            raise SecretNotStorable(
                f"{what} holds a secret that this process revealed, and is not stored. Use a "
                "reference to it, such as the name under which it is kept."
            )
        return text
