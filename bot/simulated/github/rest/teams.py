"""Teams of an organization, and what they may do in its repositories."""

from bot.simulated.github.codebase import Role
from bot.simulated.github.organizations import Organization
from bot.simulated.github.platform import node_id
from bot.simulated.github.refusals import invalid, not_found
from bot.simulated.github.rest.endpoints import Answer, Call, Family, Json
from bot.simulated.github.rest.paging import page

family = Family()
TEAM = "/orgs/{org}/teams/{slug}"
TEAM_REPOSITORY = TEAM + "/repos/{owner}/{repo}"
PERMISSIONS: dict[str, Role] = {
    "pull": "read",
    "triage": "triage",
    "push": "write",
    "maintain": "maintain",
    "admin": "admin",
}
"""GitHub's older words for roles, which these endpoints use."""


@family.on("GET", TEAM, "members")
async def get_team(call: Call) -> Answer:
    """Get a team."""
    return Answer(_team_json(_organization(call), _slug(call)))


@family.on("GET", "/repos/{owner}/{repo}/teams", "administration")
async def list_teams(call: Call) -> Answer:
    """List the teams that were let into a repository."""
    words = {role: word for word, role in PERMISSIONS.items()}
    repository = call.repository
    owner = call.world.organizations[repository.owner.login.lower()]
    return page(
        call,
        list(repository.team_roles.items()),
        lambda each: {**_team_json(owner, each[0]), "permission": words[each[1]]},
    )


@family.on("PUT", TEAM_REPOSITORY, "administration", role="admin")
async def let_team_in(call: Call) -> Answer:
    """Give a team a role in a repository of its organization."""
    repository, slug = call.repository, _slug(call)
    repository.settings.demand_open()
    if repository.owner is not _organization(call):
        raise invalid("Team", "repository")
    role = PERMISSIONS.get(call.text("permission", "push"))
    if role is None:
        raise invalid("Team", "permission")
    repository.team_roles[slug] = role
    return Answer(None, 204)


@family.on("DELETE", TEAM_REPOSITORY, "administration", role="admin")
async def take_team_out(call: Call) -> Answer:
    """Take a team's role in a repository away."""
    call.repository.team_roles.pop(_slug(call), None)
    return Answer(None, 204)


def _organization(call: Call) -> Organization:
    found = call.world.organizations.get(call.path["org"].lower())
    if found is None:
        raise not_found()
    return found


def _slug(call: Call) -> str:
    slug: str = call.path["slug"]
    if slug not in _organization(call).teams:
        raise not_found()
    return slug


def _team_json(organization: Organization, slug: str) -> Json:
    number = sorted(organization.teams).index(slug) + 1
    return {
        "id": organization.id * 1000 + number,
        "node_id": node_id("Team", number),
        "name": slug,
        "slug": slug,
        "privacy": "closed",
        "permission": "pull",
    }
