"""What an App asks about itself: its installations, their tokens, its birth from a manifest."""

from bot.simulated.github.apps import App, Installation, Level, grants
from bot.simulated.github.platform import stamp
from bot.simulated.github.refusals import GitHubRefused, not_found
from bot.simulated.github.registrations import covered_by
from bot.simulated.github.rest.endpoints import Answer, Call, Family, Json
from bot.simulated.github.rest.paging import counted_page, page
from bot.simulated.github.shapes.accounts import account_json, app_json, installation_json
from bot.simulated.github.shapes.repositories import repository_json

family = Family()


@family.on("GET", "/app")
async def get_app(call: Call) -> Answer:
    """Tell an App who it is."""
    return Answer(app_json(call.itself, call.world.platform))


@family.on("GET", "/app/installations")
async def list_installations(call: Call) -> Answer:
    """List where the App is installed."""
    platform = call.world.platform
    return page(call, call.itself.installations, lambda each: installation_json(each, platform))


@family.on("GET", "/app/installations/{installation_id}")
async def get_installation(call: Call) -> Answer:
    """Get one installation by its id."""
    return Answer(installation_json(_installation(call), call.world.platform))


@family.on("GET", "/orgs/{org}/installation")
async def get_organization_installation(call: Call) -> Answer:
    """Get the App's installation on an organization."""
    for installation in call.itself.installations:
        if installation.account.login.lower() == call.path["org"].lower():
            return Answer(installation_json(installation, call.world.platform))
    raise not_found()


@family.on("GET", "/orgs/{org}/teams/{slug}/memberships/{login}")
async def get_team_membership(call: Call) -> Answer:
    """Tell whether somebody is in a team."""
    organization = call.world.organization(call.path["org"])
    if call.path["login"] not in organization.teams.get(call.path["slug"], set()):
        raise not_found()
    return Answer({"url": call.path["org"], "role": "member", "state": "active"})


@family.on("GET", "/repos/{owner}/{repo}/installation")
async def get_repository_installation(call: Call) -> Answer:
    """Get the App's installation on a repository."""
    repository = call.world.repository(call.path["owner"], call.path["repo"])
    if (installation := call.itself.installation_on(repository)) is None:
        raise not_found()
    return Answer(installation_json(installation, call.world.platform))


@family.on("POST", "/app/installations/{installation_id}/access_tokens")
async def create_access_token(call: Call) -> Answer:
    """Issue a token for an hour, with all that was granted or with less."""
    installation = _installation(call)
    permissions = _permissions(call, installation.app)
    chosen = _chosen_repositories(call, installation)
    token, expires_at = call.world.tokens.installation(
        installation, permissions, frozenset(chosen) if chosen is not None else None
    )
    body: Json = {
        "token": token,
        "expires_at": stamp(expires_at),
        "permissions": permissions,
        "repository_selection": "all" if installation.selected is None else "selected",
    }
    if chosen is not None:
        body["repository_selection"] = "selected"
        reached = covered_by(installation)
        body["repositories"] = [repository_json(each) for each in reached if each.id in chosen]
    return Answer(body, 201)


@family.on("GET", "/installation/repositories")
async def list_installation_repositories(call: Call) -> Answer:
    """List the repositories that a token reaches."""
    caller = call.installed
    reached = covered_by(caller.installation) if caller.installation else []
    seen = [repository for repository in reached if caller.sees(repository)]
    return counted_page(call, "repositories", seen, repository_json)


@family.on("DELETE", "/installation/token")
async def revoke_token(call: Call) -> Answer:
    """End a token before its time."""
    word = call.headers.get("authorization", "").partition(" ")[2]
    call.world.tokens.revoke(call.installed, word)
    return Answer(None, 204)


@family.on("POST", "/app-manifests/{code}/conversions")
async def convert_manifest(call: Call) -> Answer:
    """Give a new App its keys: once, to whoever holds the code."""
    app = call.world.registrations.convert(call.path["code"])
    secrets = {
        "client_secret": app.client_secret,
        "webhook_secret": app.webhook_secret,
        "pem": app.private_key,
    }
    return Answer({**app_json(app, call.world.platform), **secrets}, 201)


@family.on("GET", "/user")
async def get_user(call: Call) -> Answer:
    """Tell a person who they are; an App is no person."""
    if call.actor.kind != "User":
        raise GitHubRefused("Resource not accessible by integration", status=403)
    return Answer(account_json(call.actor, call.world.platform))


@family.on("GET", "/users/{login}")
async def get_account(call: Call) -> Answer:
    """Get anybody by their login."""
    if (account := call.world.platform.account(call.path["login"])) is None:
        raise not_found()
    return Answer(account_json(account, call.world.platform))


@family.on("GET", "/rate_limit")
async def get_rate_limit(call: Call) -> Answer:
    """Tell how much of the primary limit is used."""
    headers = call.world.rate_limits.headers(call.caller.budget)
    names = ("limit", "remaining", "reset", "used")
    core = {name: int(headers[f"x-ratelimit-{name}"]) for name in names}
    return Answer({"resources": {"core": core}, "rate": core})


@family.on("GET", "/meta")
async def get_meta(call: Call) -> Answer:
    """Tell what this GitHub is."""
    del call
    hooks = ["127.0.0.1/32"]
    return Answer(
        {"verifiable_password_authentication": False, "installed_version": "3.99.0", "hooks": hooks}
    )


def _installation(call: Call) -> Installation:
    wanted = call.number("installation_id")
    for installation in call.itself.installations:
        if installation.id == wanted:
            return installation
    raise not_found()


def _permissions(call: Call, app: App) -> dict[str, Level]:
    granted: dict[str, Level] = {"metadata": "read", **app.permissions}
    asked: dict[str, Level] = call.body.get("permissions") or granted
    for permission, level in asked.items():
        if not grants(granted, permission, level):
            raise GitHubRefused(
                "The permissions requested are not granted to this installation.",
                errors=[{"message": f"{permission}: {level}"}],
            )
    return {"metadata": "read", **asked}


def _chosen_repositories(call: Call, installation: Installation) -> set[int] | None:
    names, ids = call.texts("repositories"), call.body.get("repository_ids") or []
    if not names and not ids:
        return None
    reached = {each.name: each.id for each in covered_by(installation)}
    if not set(names) <= set(reached) or not set(ids) <= set(reached.values()):
        raise GitHubRefused(
            "There is at least one repository that does not exist or is not accessible to the "
            "parent installation."
        )
    return {*ids, *(reached[name] for name in names)}
