"""What is known of a step that has no outcome yet: attempts, a handle, until when it waits."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from bot.engine.journal.rows import StepRow


class Underway(BaseModel):
    """The memory of a step that was begun.

    `attempts` have failed so far. `handle` is what a long action's `start()` answered, as JSON.
    `until` is when a wait ends. `expects` is the kind of a signal that is waited for.
    """

    model_config = ConfigDict(frozen=True)

    attempts: int = 0
    handle: str | None = None
    until: datetime | None = None
    expects: str | None = None
    since: datetime | None = None
    """When the attempt began."""

    @classmethod
    def of(cls, row: StepRow | None) -> "Underway":
        """Read what is known of a remembered step."""
        if row is None or row.result is None or row.finished:
            return cls()
        return cls.model_validate_json(row.result)

    def text(self) -> str:
        """Answer it as the row has it."""
        return self.model_dump_json(exclude_defaults=True)
