"""What a run is part of, as far as it matters to whoever goes back."""

from datetime import datetime
from typing import NamedTuple


class Whole(NamedTuple):
    """The outermost resource of a run, or the run's own, and on which way its parts are.

    `last_success` is when it was last brought about, as of when its run was begun: a success
    of a part does not count. `goes_back`: the run is, or is part of, a rollback.
    """

    last_success: datetime | None
    goes_back: bool = False

    def carried_on(self, command: str) -> "Whole":
        """Answer the same for a part that is asked for that."""
        back = command == "rollback" and not self.goes_back
        return self._replace(goes_back=True) if back else self
