"""What a person does on a page: every button is a form, and the form says who acts."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.simulated.github.issues import Issue
from bot.simulated.github.pages.views import Views
from bot.simulated.github.people import User
from bot.simulated.github.pulls import Method, PullRequest
from bot.simulated.github.refusals import GitHubRefused, not_found
from bot.simulated.github.world import World

_METHODS: dict[str, Method] = {"merge": "merge", "squash": "squash", "rebase": "rebase"}
Handler = Callable[[Request], Awaitable[Response]]


class Forms:
    """Carries out what was sent; a refusal is shown on the page that it came from."""

    def __init__(self, world: World, views: Views) -> None:
        self._world = world
        self._views = views

    async def on_issue(self, request: Request) -> Response:
        """Comment on, merge, close, reopen or make ready an issue or pull request."""
        form = await _form(request)
        repository = self._views.repository_of(request)
        issue = repository.issue(int(request.path_params["number"]))
        try:
            person = self._person(form)
            await _carry_out(person, issue, form)
        except GitHubRefused as refusal:
            return await self._views.issue(request, str(refusal), refusal.status)
        return _back(f"{urlsplit(issue.html_url).path}?live=1#end", person)

    async def on_check_run(self, request: Request) -> Response:
        """Press a button of a check run, or ask for it again."""
        form = await _form(request)
        run = self._views.repository_of(request).check_run(int(request.path_params["run_id"]))
        try:
            person = self._person(form)
            if identifier := form.get("identifier"):
                await person.clicks(run, str(identifier))
            else:
                await person.reruns(run)
        except GitHubRefused as refusal:
            return await self._views.check_run(request, str(refusal), refusal.status)
        return _back(urlsplit(run.html_url).path, person)

    async def propose(self, request: Request) -> Response:
        """Open a pull request that changes one file."""
        form = await _form(request)
        repository = self._views.repository_of(request)
        content = str(form.get("content", "")).replace("\r\n", "\n")
        changes = {str(form.get("path", "")).strip(): content}
        try:
            person = self._person(form)
            title = str(form.get("title", "")).strip()
            pull = await person.opens_pull_request(repository, title, changes)
        except GitHubRefused as refusal:
            return await self._views.proposal(request, str(refusal), refusal.status)
        return _back(urlsplit(pull.html_url).path, person)

    async def redeliver(self, request: Request) -> Response:
        """Send a delivery once more."""
        form, app = await _form(request), self._views.app_of(request)
        for delivery in self._world.queue.redeliverable(app):
            if str(delivery.id) == form.get("delivery"):
                self._world.queue.put(delivery.parcel, redelivery=True)
                return _back(f"/apps/{app.slug}/deliveries")
        raise not_found()

    async def install(self, request: Request) -> Response:
        """Install an App on an organization."""
        form, app = await _form(request), self._views.app_of(request)
        organization = self._world.organizations.get(str(form.get("organization", "")).lower())
        if organization is None:
            raise not_found()
        app.install_on(organization)
        return _back(f"/apps/{app.slug}")

    def _person(self, form: FormData) -> User:
        login = str(form.get("person", ""))
        account = self._world.platform.account(login)
        if not isinstance(account, User):
            raise GitHubRefused(f"{login or 'Nobody'} is no person here: choose who acts.")
        return account


async def _carry_out(person: User, issue: Issue, form: FormData) -> None:
    body, act = str(form.get("body", "")).replace("\r\n", "\n"), form.get("act", "comment")
    if body.strip() or act == "comment":
        await person.comments(issue, body)
    if act == "merge" and isinstance(issue, PullRequest):
        await person.merges(issue, _METHODS[str(form.get("method", "merge"))])
    elif act == "ready" and isinstance(issue, PullRequest):
        await person.marks_ready(issue)
    elif act == "close":
        await person.closes(issue)
    elif act == "reopen":
        await person.reopens(issue)


async def _form(request: Request) -> FormData:
    origin = request.headers.get("origin")
    if origin not in (None, "null") and urlsplit(origin).netloc != request.headers.get("host"):
        raise GitHubRefused("This form was sent from another site.", status=403)
    return await request.form()


def _back(path: str, person: User | None = None) -> Response:
    response = RedirectResponse(path, 303)
    if person is not None:
        response.set_cookie("person", person.login, httponly=True, samesite="strict")
    return response
