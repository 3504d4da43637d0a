"""The secrets that a test gives: revealed in a run, and masked from then on."""

from collections.abc import Mapping

from resources.masking import Masks
from resources.secrets import Secret, SecretNotFound


class GivenSecrets:
    """Values by their references, such as `{"env:SHOP_KEY": "nobody knows"}`."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.masks = Masks()
        self._values = dict(values)

    def reveal(self, secret: Secret) -> str:
        """Answer the value; raises `SecretNotFound`."""
        value = self._values.get(str(secret))
        if value is None:
            raise SecretNotFound(
                f"The secret `{secret}` was not found: the test does not give it. Make the "
                f'rehearsal with it: Rehearsal(secrets={{"{secret}": "..."}}).'
            )
        self.masks.add(value)
        return value
