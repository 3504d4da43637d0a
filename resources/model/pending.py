"""What a long action answers while it is not done."""

from pydantic import BaseModel, ConfigDict


class Pending(BaseModel):
    """The answer of a `check()` to which there is no result yet; `progress` is for people."""

    model_config = ConfigDict(frozen=True)

    progress: str = ""
