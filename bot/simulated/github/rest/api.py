"""All families of endpoints behind the one door."""

from starlette.applications import Starlette

from bot.simulated.github.rest import (
    administration,
    app,
    checks,
    comments,
    hook_deliveries,
    issues,
    pulls,
    reports,
    repositories,
    rulesets,
    search,
    teams,
)
from bot.simulated.github.rest.door import Door
from bot.simulated.github.world import World

# The first that fits answers: a commit's checks and statuses before the commit itself,
# whose name may hold slashes; all comments before the issue of a number.
FAMILIES = (
    *(app, hook_deliveries, search, checks, reports, comments, issues, pulls),
    *(administration, rulesets, teams, repositories),
)


def rest_api(world: World) -> Starlette:
    """Return the REST API of a world."""
    endpoints = [endpoint for module in FAMILIES for endpoint in module.family.endpoints]
    return Door(world, endpoints).asgi
