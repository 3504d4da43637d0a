"""Pull requests: list, get, open, change, merge; their files and commits."""

from bot.simulated.github.history import changed_files, log
from bot.simulated.github.merging import Words
from bot.simulated.github.pull_requests import MergeRequest, PullDraft, refresh_if_outdated
from bot.simulated.github.pulls import Method, PullRequest
from bot.simulated.github.refusals import GitHubRefused, invalid
from bot.simulated.github.rest.endpoints import Answer, Call, Family
from bot.simulated.github.rest.paging import page
from bot.simulated.github.rest.versions import shown_pull
from bot.simulated.github.shapes.pulls import pull_json, whole_pull_json
from bot.simulated.github.shapes.repositories import commit_json, file_json

family = Family()
PULLS = "/repos/{owner}/{repo}/pulls"
PULL = PULLS + "/{number}"
MAXIMUM_FILES = 3000
MAXIMUM_COMMITS = 250


@family.on("GET", PULLS, "pull_requests")
async def list_pulls(call: Call) -> Answer:
    """List pull requests: open ones first opened last, unless asked otherwise."""
    state, query = call.query.get("state", "open"), call.query
    found = [
        pull
        for pull in call.repository.pulls
        if state in ("all", pull.state)
        and query.get("base", pull.base) == pull.base
        and query.get("head", pull.label) == pull.label
    ]
    by = {"updated": "updated_at", "popularity": "number", "long-running": "created_at"}
    attribute = by.get(query.get("sort", "created"), "created_at")
    default = "desc" if query.get("sort", "created") == "created" else "asc"
    found.sort(
        key=lambda pull: (getattr(pull, attribute), pull.number),
        reverse=query.get("direction", default) == "desc",
    )
    return page(call, found, lambda pull: shown_pull(call, pull_json(pull)))


@family.on("POST", PULLS, "pull_requests", role="read")
async def create_pull(call: Call) -> Answer:
    """Open a pull request of a branch that exists."""
    owner, colon, branch = call.text("head").rpartition(":")
    asked = PullDraft(
        title=call.text("title"),
        branch=branch,
        base=call.text("base"),
        body=call.text("body"),
        draft=bool(call.body.get("draft")),
        head_owner=call.world.platform.account(owner) if colon else call.repository.owner,
    )
    if asked.head_owner is None:
        raise invalid("PullRequest", "head")
    pull = await call.world.acts.pull_requests.open(call.repository, call.actor, asked)
    return Answer(shown_pull(call, whole_pull_json(pull)), 201)


@family.on("GET", PULL, "pull_requests")
async def get_pull(call: Call) -> Answer:
    """Get a pull request; until it is merged, `merge_commit_sha` is only a test merge."""
    pull = _pull(call)
    await refresh_if_outdated(pull)
    return Answer(shown_pull(call, whole_pull_json(pull)))


@family.on("PATCH", PULL, "pull_requests", role="read")
async def update_pull(call: Call) -> Answer:
    """Change the title, the body, the base or the state of a pull request."""
    pull, acts = _pull(call), call.world.acts
    acts.conversations.edit(pull, call.actor, call.maybe_text("title"), call.maybe_text("body"))
    if (base := call.text("base")) and base != pull.base:
        await acts.pull_requests.change_base(pull, call.actor, base)
    state = call.text("state", pull.state)
    if state not in ("open", "closed"):
        raise invalid("PullRequest", "state")
    if state == "closed" != pull.state:
        acts.conversations.close(pull, call.actor)
    elif state == "open" != pull.state:
        await acts.pull_requests.reopen(pull, call.actor)
    return Answer(shown_pull(call, whole_pull_json(pull)))


@family.on("GET", PULL + "/files", "pull_requests")
async def list_files(call: Call) -> Answer:
    """List the changed files, at most 3,000."""
    pull = _pull(call)
    files = await changed_files(pull.repository.git, pull.merge_base, pull.head_sha)
    shown = files[:MAXIMUM_FILES]
    return page(call, shown, lambda file: file_json(pull.repository, file, pull.head_sha))


@family.on("GET", PULL + "/commits", "pull_requests")
async def list_commits(call: Call) -> Answer:
    """List the commits, oldest first, at most 250."""
    pull = _pull(call)
    span = ("--reverse", "--topo-order", f"{pull.merge_base}..{pull.head_sha}")
    commits = await log(pull.repository.git, *span)
    shown = commits[:MAXIMUM_COMMITS]
    return page(call, shown, lambda commit: commit_json(pull.repository, commit))


@family.on("GET", PULL + "/merge", "pull_requests")
async def is_merged(call: Call) -> Answer:
    """Answer 204 if the pull request is merged, else 404."""
    if not _pull(call).merged:
        raise GitHubRefused("Not Found", status=404)
    return Answer(None, 204)


@family.on("PUT", PULL + "/merge", "contents")
async def merge_pull(call: Call) -> Answer:
    """Merge a pull request."""
    methods: dict[str, Method] = {"merge": "merge", "squash": "squash", "rebase": "rebase"}
    if (method := methods.get(call.text("merge_method", "merge"))) is None:
        raise invalid("PullRequest", "merge_method")
    words = Words(call.text("commit_title"), call.text("commit_message"))
    asked = MergeRequest(method, words, call.text("sha") or None)
    sha = await call.world.acts.pull_requests.merge(_pull(call), call.actor, asked)
    return Answer({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def _pull(call: Call) -> PullRequest:
    return call.repository.pull(call.number("number"))
