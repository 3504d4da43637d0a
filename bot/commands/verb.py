"""What a verb of the bot is: who may use it, where, on whom, and with which options."""

from dataclasses import dataclass
from enum import Enum, StrEnum

from bot.rollouts.policy.people import Role


class Place(StrEnum):
    """Where a comment stands."""

    PULL_REQUEST = "pull request"
    DRIFT_ISSUE = "drift issue"


EVERYWHERE = frozenset(Place)


class Takes(Enum):
    """What stands after a verb: nothing, a verb to be explained, or a selector."""

    NOTHING = "nothing"
    VERB = "verb"
    SELECTOR = "selector"
    TENANTS = "tenants"
    """A selector that names tenants: this verb is never meant for everyone by default."""


class Value(Enum):
    """What stands after an option; the value is what stands for it in a usage line."""

    NONE = ""
    TEXT = '"TEXT"'
    TIME = "DATE|SPAN"
    SHA = "SHA"
    REVISION = "SHA|last-good"


@dataclass(frozen=True)
class Option:
    """An option, as `--name`; one called `to` may be written without the hyphens."""

    name: str
    value: Value
    summary: str
    required: bool = False

    @property
    def field(self) -> str:
        """The field of a command that keeps it."""
        return self.name.replace("-", "_")

    def __str__(self) -> str:
        name = "to" if self.name == "to" else f"--{self.name}"
        return f"{name} {self.value.value}".strip()


@dataclass(frozen=True)
class Verb:
    """A row of the table of verbs.

    `role` is the least that may use it. `otherwise` says who is meant where no tenants are
    named; there is no verb for which that is everyone. With `one_service`, a service must be.
    """

    name: str
    summary: str
    role: Role
    examples: tuple[str, ...]
    takes: Takes = Takes.NOTHING
    otherwise: str = ""
    options: tuple[Option, ...] = ()
    places: frozenset[Place] = EVERYWHERE
    one_service: bool = False

    @property
    def usage(self) -> str:
        """The line to type, with what may be left out in brackets."""
        words = ["/orbits", self.name, _USED[self.takes]]
        if self.one_service:
            words.append("service=SERVICE")
        words += [str(each) if each.required else f"[{each}]" for each in self.options]
        return " ".join(filter(None, words))

    def option(self, name: str) -> Option | None:
        """Answer the option of that name."""
        return next((each for each in self.options if each.name == name), None)


_USED = {
    Takes.NOTHING: "",
    Takes.VERB: "[VERB]",
    Takes.SELECTOR: "[SELECTOR]",
    Takes.TENANTS: "SELECTOR",
}
