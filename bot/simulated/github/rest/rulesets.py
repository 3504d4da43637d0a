"""Rulesets: what GitHub holds everybody to on some branches of a repository."""

from typing import Any

from bot.simulated.github.platform import stamp
from bot.simulated.github.refusals import GitHubRefused, not_found
from bot.simulated.github.rest.endpoints import Answer, Call, Family, Json
from bot.simulated.github.rest.paging import page

family = Family()
RULESETS = "/repos/{owner}/{repo}/rulesets"
_WHOLE = ("rules", "bypass_actors", "conditions")


@family.on("GET", RULESETS, "metadata")
async def list_rulesets(call: Call) -> Answer:
    """List rulesets, without what they hold."""
    found = list(call.repository.settings.rulesets.values())
    return page(call, found, _listed)


@family.on("POST", RULESETS, "administration", role="admin")
async def create_ruleset(call: Call) -> Answer:
    """Create a ruleset under a name that no other one has."""
    repository = call.repository
    repository.settings.demand_open()
    _demand_name(call, None)
    now = stamp(repository.platform.now())
    ruleset_id = repository.platform.next_id()
    whole: Json = {
        "id": ruleset_id,
        "source_type": "Repository",
        "source": repository.full_name,
        "target": "branch",
        "bypass_actors": [],
        "conditions": {"ref_name": {"include": [], "exclude": []}},
        "rules": [],
        "created_at": now,
        "updated_at": now,
        **call.body,
    }
    repository.settings.rulesets[ruleset_id] = whole
    return Answer(whole, 201)


@family.on("GET", RULESETS + "/{ruleset_id}", "metadata")
async def get_ruleset(call: Call) -> Answer:
    """Get a ruleset; who may go round it is told to those alone who may change it."""
    whole = _ruleset(call)
    if not call.caller.may("administration", "write", "admin", call.repository):
        whole = {name: value for name, value in whole.items() if name != "bypass_actors"}
    return Answer(whole)


@family.on("PUT", RULESETS + "/{ruleset_id}", "administration", role="admin")
async def update_ruleset(call: Call) -> Answer:
    """Change the parts of a ruleset that are sent."""
    whole = _ruleset(call)
    call.repository.settings.demand_open()
    _demand_name(call, whole["id"])
    whole |= {**call.body, "updated_at": stamp(call.repository.platform.now())}
    return Answer(whole)


@family.on("DELETE", RULESETS + "/{ruleset_id}", "administration", role="admin")
async def delete_ruleset(call: Call) -> Answer:
    """Delete a ruleset."""
    del call.repository.settings.rulesets[_ruleset(call)["id"]]
    return Answer(None, 204)


def _ruleset(call: Call) -> Json:
    found: Json | None = call.repository.settings.rulesets.get(call.number("ruleset_id"))
    if found is None:
        raise not_found()
    return found


def _demand_name(call: Call, but: int | None) -> None:
    name = call.text("name")
    for each in call.repository.settings.rulesets.values():
        if each["name"] == name and each["id"] != but:
            raise GitHubRefused("Validation Failed", errors=[{"message": "Name must be unique"}])


def _listed(whole: Json) -> dict[str, Any]:
    return {name: value for name, value in whole.items() if name not in _WHOLE}
