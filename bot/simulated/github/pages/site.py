"""Where each page is found."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.simulated.github.pages.forms import Forms
from bot.simulated.github.pages.manifests import Manifests
from bot.simulated.github.pages.rendering import Renderer
from bot.simulated.github.pages.views import Views
from bot.simulated.github.refusals import GitHubRefused
from bot.simulated.github.world import World

REPOSITORY = "/{org}/{repo}"


def site(world: World) -> Starlette:
    """Return the pages of a world."""
    renderer = Renderer(world)
    views = Views(world, renderer)
    forms, manifests = Forms(world, views), Manifests(world, renderer)

    async def refused(request: Request, error: Exception) -> Response:
        status = error.status if isinstance(error, GitHubRefused) else 500
        return renderer.page(request, "refused.html", status, refusal=str(error))

    get, post = ["GET"], ["POST"]
    routes = [
        Route("/", views.home),
        Route("/style.css", views.style),
        Route("/avatars/{account_id}.svg", views.avatar),
        Route("/settings/apps/new", manifests.new_app, methods=post),
        Route("/organizations/{org}/settings/apps/new", manifests.new_app, methods=post),
        Route("/apps/{slug}", views.app, methods=get),
        Route("/apps/{slug}/installations/new", views.app, methods=get),
        Route("/apps/{slug}/installations/new", forms.install, methods=post),
        Route("/apps/{slug}/deliveries", views.deliveries, methods=get),
        Route("/apps/{slug}/deliveries", forms.redeliver, methods=post),
        Route(REPOSITORY, views.repository),
        Route(REPOSITORY + "/issues", views.issues),
        Route(REPOSITORY + "/pulls", views.issues),
        Route(REPOSITORY + "/propose", views.proposal, methods=get),
        Route(REPOSITORY + "/propose", forms.propose, methods=post),
        Route(REPOSITORY + "/commit/{sha}", views.commit),
        Route(REPOSITORY + "/blob/{ref}/{path:path}", views.file),
        Route(REPOSITORY + "/runs/{run_id:int}", views.check_run, methods=get),
        Route(REPOSITORY + "/runs/{run_id:int}", forms.on_check_run, methods=post),
        Route(REPOSITORY + "/pull/{number:int}", views.issue, methods=get),
        Route(REPOSITORY + "/pull/{number:int}", forms.on_issue, methods=post),
        Route(REPOSITORY + "/issues/{number:int}", views.issue, methods=get),
        Route(REPOSITORY + "/issues/{number:int}", forms.on_issue, methods=post),
    ]
    return Starlette(routes=routes, exception_handlers={GitHubRefused: refused})
