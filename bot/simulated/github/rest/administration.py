"""How repositories come to be, empty or from a template, and how they are administered."""

from bot.simulated.github.git import Executable
from bot.simulated.github.happenings import Happening
from bot.simulated.github.history import tree_entries
from bot.simulated.github.organizations import Organization
from bot.simulated.github.refusals import GitHubRefused, invalid, not_found
from bot.simulated.github.repositories import Repository
from bot.simulated.github.rest.endpoints import Answer, Call, Family
from bot.simulated.github.shapes.repositories import whole_repository_json
from bot.simulated.github.tokens import InstallationCaller

family = Family()


@family.on("POST", "/orgs/{org}/repos", "administration")
async def create_repository(call: Call) -> Answer:
    """Create a repository, without a commit unless `auto_init` asks for one."""
    private = call.body.get("private", False) or call.text("visibility") == "private"
    return await _created(call, _organization(call, call.path["org"]), private=private)


@family.on("POST", "/repos/{owner}/{repo}/generate")
async def generate_repository(call: Call) -> Answer:
    """Create a repository with the files of a template, as one commit."""
    template = call.repository
    if not call.caller.may("administration", "write", "read", None):
        headers = {"x-accepted-github-permissions": "administration=write"}
        message = "Resource not accessible by integration"
        raise GitHubRefused(message, status=403, headers=headers)
    if not template.settings.is_template:
        raise not_found()
    organization = _organization(call, call.text("owner", call.actor.login))
    private = bool(call.body.get("private", False))
    return await _created(call, organization, private=private, template=template)


@family.on("PATCH", "/repos/{owner}/{repo}", "administration", role="admin")
async def update_repository(call: Call) -> Answer:
    """Change settings; of one that is archived nothing but that it is."""
    repository, wanted = call.repository, call.body
    if repository.settings.archived and wanted.get("archived") is not False:
        repository.settings.demand_open()
    if (visibility := call.text("visibility")) not in {"", "private", "public"}:
        raise invalid("Repository", "visibility")
    branch = call.text("default_branch", repository.default_branch)
    if branch != repository.default_branch and branch not in await repository.git.branches():
        message = f"The branch {branch} was not found. Please push that ref first or create it."
        raise invalid("Repository", "default_branch", message=message)
    repository.settings.change(wanted)
    repository.default_branch = branch
    repository.private = visibility == "private" if visibility else repository.private
    return Answer(whole_repository_json(repository, call.actor))


async def _created(
    call: Call, organization: Organization, *, private: bool, template: Repository | None = None
) -> Answer:
    name, taken = call.text("name"), organization.repository(call.text("name"))
    if taken and template:
        # Of a template GitHub tells it in other words than of an empty one.
        message = "Could not clone: Name already exists on this account"
        raise GitHubRefused("Unprocessable Entity", errors=[{"message": message}])
    branch = template.default_branch if template else "main"
    repository = await organization.create_empty(name, default_branch=branch, private=private)
    repository.settings.change(call.body)
    if template:
        await organization.fill(repository, await _files(template))
    elif call.body.get("auto_init"):
        await organization.fill(repository, {"README.md": f"# {name}\n"})
    _let_in(call, repository)
    told = Happening("repository", "created", call.actor, organization, {}, repository)
    call.world.acts.announce(told)
    return Answer(whole_repository_json(repository, call.actor), 201)


def _organization(call: Call, login: str) -> Organization:
    organization = call.world.organizations.get(login.lower())
    if organization is None:
        raise not_found()
    caller = call.caller
    if isinstance(caller, InstallationCaller):
        reached = caller.installation.account if caller.installation else None
        if reached is not organization:
            raise GitHubRefused("Resource not accessible by integration", status=403)
    return organization


def _let_in(call: Call, repository: Repository) -> None:
    """Let an App reach what it made, also where it was installed on some repositories alone.

    https://docs.github.com/en/apps/using-github-apps/installing-a-github-app-from-a-third-party
    """
    caller = call.caller
    if not isinstance(caller, InstallationCaller):
        repository.allow(call.actor, "admin")
    elif caller.installation and caller.installation.selected is not None:
        caller.installation.selected.add(repository.id)


async def _files(template: Repository) -> dict[str, str | bytes | None]:
    git = template.git
    head = await template.head()
    found: dict[str, str | bytes | None] = {}
    for entry in await tree_entries(git, await git.tree(head), recursive=True):
        if entry.kind == "blob":
            content = await git.blob(head, entry.path) or b""
            found[entry.path] = Executable(content) if entry.mode == "100755" else content
    return found
