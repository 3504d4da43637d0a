"""How an author's new thing is called: in its files, its class and its identity."""

import re
from dataclasses import dataclass
from enum import StrEnum

from resources.errors import Refused

LONGEST = 20
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Kind(StrEnum):
    """What can be written."""

    RESOURCE = "resource"
    STACK = "stack"


@dataclass(frozen=True)
class Name:
    """A name such as `customer-site`, and the kind of what is called so."""

    kind: Kind
    kebab: str

    @property
    def snake(self) -> str:
        """What a module is called: `customer_site`."""
        return self.kebab.replace("-", "_")

    @property
    def camel(self) -> str:
        """What a class is called: `CustomerSite`."""
        return "".join(word.capitalize() for word in self.kebab.split("-"))

    @property
    def module(self) -> str:
        """The module, which is no other's name: `customer_site_stack`."""
        return f"{self.snake}_{self.kind}"


def name_of(kind: Kind, typed: str) -> Name:
    """Read what was typed; the kind at its end says nothing new. Raises `Refused`."""
    kebab = typed.removesuffix(f"-{kind}")
    if _NAME.fullmatch(kebab) and len(kebab) <= LONGEST:
        return Name(kind, kebab)
    likely = _likely(kind, typed)
    meant = f" Did you mean `{likely}`?" if likely else ""
    raise Refused(
        f"`{typed}` is no name for a {kind}: it begins with a letter and has at most {LONGEST} "
        f"lower-case letters, digits and dashes, such as `customer-site`.{meant} Nothing was "
        "written."
    )


def _likely(kind: Kind, typed: str) -> str:
    """Answer the name that may have been meant; empty where there is none."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", typed)
    kebab = "-".join(words).lower().removesuffix(f"-{kind}")
    return kebab if _NAME.fullmatch(kebab) and len(kebab) <= LONGEST else ""
