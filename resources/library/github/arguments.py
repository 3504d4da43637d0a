"""What is said of a repository on GitHub, and what is told of it."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from resources.library.github.host import Reach

_SEGMENT = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"

Owner = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", max_length=39)]
"""The login of an organisation."""

Name = Annotated[str, Field(pattern=rf"^{_SEGMENT}$", max_length=100)]
"""The name of a repository, without its owner."""

Template = Annotated[str, Field(pattern=rf"^[A-Za-z0-9][A-Za-z0-9-]*/{_SEGMENT}$", max_length=140)]
"""A repository as `owner/name`."""

Branch = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", max_length=200)]
Team = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=100)]
"""A team's slug, as its address on GitHub ends."""


class Merging(BaseModel):
    """In which ways pull requests may be merged, and whether their branches go then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    squash: bool = True
    rebase: bool = True
    merge_commit: bool = True
    delete_branches: bool = False

    @model_validator(mode="after")
    def _has_a_way(self) -> Self:
        if not (self.squash or self.rebase or self.merge_commit):
            raise ValueError("pull requests are merged in one way at least")
        return self


class RepositoryOnGithub(BaseModel):
    """What others may know of a repository: where it is cloned from, and what the App sees of it.

    Where `app.sees` is false, nothing that happens in it reaches the bot; `app.note` says why.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    address: str
    page: str
    default_branch: str
    app: Reach
