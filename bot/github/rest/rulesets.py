"""The one ruleset of a repository that is ours, found by its name; others are left alone."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from bot.github.answers import Created
from bot.github.rest.paging import pages
from bot.github.rest.paths import path_of
from bot.github.shapes import Narrow
from bot.github.wire import Wire


class _Listed(Narrow):
    id: int
    name: str
    source_type: str = "Repository"


class Rule(Narrow):
    """One rule; its parameters are as different as the rules are."""

    type: str
    parameters: Mapping[str, Any] = {}


class BypassActor(Narrow):
    """Somebody whom the rules do not bind."""

    actor_id: int | None = None
    actor_type: str
    bypass_mode: str = "always"


class RefNames(Narrow):
    """The branches that are meant, and those that are not."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class Conditions(Narrow):
    """Where the rules hold."""

    ref_name: RefNames = RefNames()


class Ruleset(Narrow):
    """A ruleset as a look at it alone gives it.

    https://docs.github.com/en/rest/repos/rules#get-a-repository-ruleset
    """

    id: int
    name: str
    target: str = "branch"
    enforcement: str
    bypass_actors: tuple[BypassActor, ...] = ()
    conditions: Conditions | None = None
    rules: tuple[Rule, ...] = ()


class Rulesets:
    """Rulesets of repositories."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def find(self, repository: str, name: str) -> Ruleset | None:
        """Answer the repository's own ruleset of that name."""
        path = path_of(repository, "rulesets")
        params = {"includes_parents": "false"}
        async for page in pages(self._wire, tuple[_Listed, ...], path, params):
            for listed in page:
                if listed.name == name and listed.source_type == "Repository":
                    return await self._wire.ask(
                        Ruleset, "GET", path_of(repository, "rulesets", listed.id)
                    )
        return None

    async def put(self, repository: str, ruleset: dict[str, JsonValue]) -> None:
        """Make the ruleset, or change that of its name.

        https://docs.github.com/en/rest/repos/rules#create-a-repository-ruleset
        """
        found = await self.find(repository, str(ruleset["name"]))
        if found is None:
            await self._wire.ask(Created, "POST", path_of(repository, "rulesets"), body=ruleset)
        else:
            path = path_of(repository, "rulesets", found.id)
            await self._wire.ask(Created, "PUT", path, body=ruleset)

    async def remove(self, repository: str, name: str) -> None:
        """Delete the ruleset of that name, if there is one."""
        found = await self.find(repository, name)
        if found is not None:
            await self._wire.tell("DELETE", path_of(repository, "rulesets", found.id))
