"""Arguments that become names of folders or commits, checked before they do."""

from typing import Annotated

from pydantic import Field

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=100)]
"""A short name that is safe as a folder: lower-case letters, digits, dots, dashes, underscores."""

Revision = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
"""A commit, by its full sha: a branch or a shortened sha may mean something else tomorrow."""
