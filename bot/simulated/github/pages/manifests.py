"""The one-click creation of an App: a manifest comes in, a person agrees, a code goes back."""

import json
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.simulated.github.accounts import Account
from bot.simulated.github.pages.rendering import POLICY, Renderer
from bot.simulated.github.refusals import GitHubRefused
from bot.simulated.github.registrations import Manifest
from bot.simulated.github.world import World


class Manifests:
    """Shows what an App asks for, and sends the browser back with the code once it is agreed."""

    def __init__(self, world: World, renderer: Renderer) -> None:
        self._world = world
        self._renderer = renderer

    async def new_app(self, request: Request) -> Response:
        """Take a manifest in and ask the person; the second time, with their yes, go back."""
        form = await request.form()
        raw = str(form.get("manifest", ""))
        asked = _read(raw)
        state = request.query_params.get("state", "")
        if form.get("agreed"):
            manifest = _manifest({**asked, "name": str(form.get("name") or asked["name"])})
            code = self._world.registrations.propose(manifest, self._owner(request))
            back = str(asked["redirect_url"])
            query = urlencode({"code": code, **({"state": state} if state else {})})
            return RedirectResponse(f"{back}{'&' if '?' in back else '?'}{query}", 303)
        facts: dict[str, Any] = {"asked": asked, "raw": raw, "owner": self._owner(request)}
        response = self._renderer.page(request, "new_app.html", **facts)
        # The answer to the form is a redirect to the App's site, which a browser checks too.
        parts = urlsplit(asked["redirect_url"])
        policy = f"{POLICY}; form-action 'self' {parts.scheme}://{parts.netloc}"
        response.headers["content-security-policy"] = policy
        return response

    def _owner(self, request: Request) -> Account:
        organization = request.path_params.get("org")
        if organization:
            return self._world.organization(organization)
        people = self._world.people
        return people[0] if people else self._world.user("octocat")


def _read(raw: str) -> dict[str, Any]:
    try:
        asked = json.loads(raw)
    except ValueError as error:
        raise GitHubRefused("The manifest is not JSON.") from error
    missing = [name for name in ("name", "url", "redirect_url") if not asked.get(name)]
    if missing:
        raise GitHubRefused(f"The manifest lacks {', '.join(missing)}.")
    return dict(asked)


def _manifest(asked: dict[str, Any]) -> Manifest:
    hook = asked.get("hook_attributes") or {}
    return Manifest(
        name=asked["name"],
        webhook_url=hook.get("url"),
        permissions=asked.get("default_permissions") or {},
        events=tuple(asked.get("default_events") or ()),
        external_url=asked["url"],
    )
