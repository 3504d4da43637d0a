"""The pages that are only read."""

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.simulated.github.apps import App
from bot.simulated.github.checks import CheckRun
from bot.simulated.github.history import changed_files, log, merge_files, one_commit, tree_entries
from bot.simulated.github.pages.pictures import avatar
from bot.simulated.github.pages.rendering import HERE, Renderer
from bot.simulated.github.pulls import PullRequest
from bot.simulated.github.refusals import not_found
from bot.simulated.github.repositories import Repository
from bot.simulated.github.world import World

SHOWN_FILES = 200
LIVELY_FOR = timedelta(minutes=1)


class Views:
    """Looks things up in a world and shows them."""

    def __init__(self, world: World, renderer: Renderer) -> None:
        self._world = world
        self._renderer = renderer

    async def style(self, request: Request) -> Response:
        """Show the one style sheet."""
        del request
        return Response((HERE / "style.css").read_bytes(), media_type="text/css")

    async def avatar(self, request: Request) -> Response:
        """Show the picture of an account."""
        wanted = request.path_params["account_id"]
        for account in self._world.platform.accounts.values():
            if str(account.id) == wanted:
                return Response(avatar(account), media_type="image/svg+xml")
        raise not_found()

    async def home(self, request: Request) -> Response:
        """Show the organizations with their repositories, and the Apps."""
        organizations = [each for each in self._world.organizations.values() if each.repositories]
        apps = list(self._world.apps.values())
        return self._renderer.page(request, "home.html", organizations=organizations, apps=apps)

    async def repository(self, request: Request) -> Response:
        """Show a repository: its latest commits, its pull requests, issues and files."""
        repository = self.repository_of(request)
        head = await repository.head()
        entries = await tree_entries(repository.git, head, recursive=True)
        return self._renderer.page(
            request,
            "repository.html",
            repository=repository,
            commits=await log(repository.git, "--first-parent", "--max-count=12", head),
            branches=await repository.git.branches(),
            files=[entry.path for entry in entries if entry.kind == "blob"][:SHOWN_FILES],
        )

    async def issues(self, request: Request) -> Response:
        """List the issues, or the pull requests, of a repository."""
        repository, pulls = self.repository_of(request), request.url.path.endswith("/pulls")
        found = [
            issue
            for issue in reversed(repository.issues.values())
            if isinstance(issue, PullRequest) is pulls
        ]
        facts: dict[str, Any] = {"repository": repository, "issues": found, "pulls": pulls}
        return self._renderer.page(request, "issues.html", **facts)

    async def issue(self, request: Request, refusal: str = "", status: int = 200) -> Response:
        """Show a conversation; of a pull request also what it changes and how its checks stand."""
        repository = self.repository_of(request)
        issue = repository.issue(int(request.path_params["number"]))
        facts: dict[str, Any] = {"repository": repository, "issue": issue, "refusal": refusal}
        live = "live" in request.query_params
        facts["following"] = live
        if not isinstance(issue, PullRequest):
            return self._renderer.page(request, "issue.html", status, **facts)
        git = repository.git
        facts |= {
            "commits": await log(git, "--reverse", f"{issue.merge_base}..{issue.head_sha}"),
            "files": await changed_files(git, issue.merge_base, issue.head_sha),
            "checks": _checks(repository, issue),
            "mergers": [each for each in self._world.people if repository.allows(each, "write")],
            "live": 2 if live and self._going_on(repository, issue) else 0,
        }
        return self._renderer.page(request, "pull.html", status, **facts)

    async def commit(self, request: Request) -> Response:
        """Show a commit with its checks, deployments and changes."""
        repository = self.repository_of(request)
        sha = await repository.commit_named(request.path_params["sha"])
        commit = await one_commit(repository.git, sha)
        return self._renderer.page(
            request,
            "commit.html",
            repository=repository,
            commit=commit,
            files=await merge_files(repository.git, commit),
            deployments=[each for each in repository.deployments if each.sha == sha],
        )

    async def file(self, request: Request) -> Response:
        """Show a file as it is at a branch or commit."""
        repository, path = self.repository_of(request), request.path_params["path"]
        sha = await repository.commit_named(request.path_params["ref"])
        content = await repository.git.blob(sha, path)
        if content is None:
            raise not_found()
        text = content.decode(errors="replace")
        facts = {"repository": repository, "path": path, "sha": sha, "text": text}
        return self._renderer.page(request, "file.html", **facts)

    async def check_run(self, request: Request, refusal: str = "", status: int = 200) -> Response:
        """Show all that a check run says, and its buttons."""
        repository = self.repository_of(request)
        run = repository.check_run(int(request.path_params["run_id"]))
        facts = {"repository": repository, "run": run, "refusal": refusal}
        return self._renderer.page(request, "run.html", status, **facts)

    async def proposal(self, request: Request, refusal: str = "", status: int = 200) -> Response:
        """Show the form that proposes a change of one file."""
        repository = self.repository_of(request)
        path = request.query_params.get("path", "")
        content = await repository.git.blob(await repository.head(), path) if path else None
        facts: dict[str, Any] = {
            "repository": repository,
            "path": path,
            "content": (content or b"").decode(errors="replace"),
            "title": f"Update {path}" if path else "",
            "readers": [each for each in self._world.people if repository.allows(each, "read")],
        }
        if request.method == "POST":
            form = await request.form()
            facts |= {name: str(form.get(name, "")) for name in ("path", "content", "title")}
        return self._renderer.page(request, "propose.html", status, refusal=refusal, **facts)

    async def app(self, request: Request) -> Response:
        """Show an App and where it is installed."""
        app = self.app_of(request)
        free = [
            organization
            for organization in self._world.organizations.values()
            if all(each.account is not organization for each in app.installations)
        ]
        return self._renderer.page(request, "app.html", app=app, free=free)

    async def deliveries(self, request: Request) -> Response:
        """Show every attempt to deliver a webhook to an App, newest first."""
        app = self.app_of(request)
        return self._renderer.page(
            request,
            "deliveries.html",
            app=app,
            deliveries=self._world.queue.redeliverable(app)[:100],
            waiting=[each for each in self._world.queue.waiting if each.app is app],
        )

    def repository_of(self, request: Request) -> Repository:
        """Return the repository of a page."""
        return self._world.repository(request.path_params["org"], request.path_params["repo"])

    def app_of(self, request: Request) -> App:
        """Return the App of a page."""
        if (app := self._world.apps.get(request.path_params["slug"])) is None:
            raise not_found()
        return app

    def _going_on(self, repository: Repository, pull: PullRequest) -> bool:
        shas = {pull.head_sha, pull.merge_commit_sha}
        runs = [run for suite in repository.suites if suite.head_sha in shas for run in suite.runs]
        if any(run.status != "completed" for run in runs):
            return True
        touched = [pull.updated_at, *(comment.updated_at for comment in pull.comments)]
        return self._world.platform.now() - max(touched) < LIVELY_FOR


def _checks(repository: Repository, pull: PullRequest) -> list[tuple[str, str, list[CheckRun]]]:
    branch = ("on the branch", pull.head_sha, repository.check_runs(pull.head_sha))
    if not pull.merged or pull.merge_commit_sha is None:
        return [branch]
    merge = pull.merge_commit_sha
    merged = ("on the merge commit", merge, repository.check_runs(merge))
    return [merged, branch] if branch[2] and merge != pull.head_sha else [merged]
