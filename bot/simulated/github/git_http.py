"""Clones and fetches over HTTP at a repository's `clone_url`; pushes go through people."""

import gzip

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.simulated.github.refusals import GitHubRefused
from bot.simulated.github.repositories import Repository
from bot.simulated.github.world import World

_SERVICE = "git-upload-pack"
_FIRST = f"# service={_SERVICE}\n"


class GitOverHttp:
    """Speaks git's stateless HTTP protocol, to those whose token reads the contents."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.routes = [
            Route("/{org}/{repo}.git/info/refs", self._references),
            Route(f"/{{org}}/{{repo}}.git/{_SERVICE}", self._pack, methods=["POST"]),
        ]

    async def _references(self, request: Request) -> Response:
        if request.query_params.get("service") != _SERVICE:
            raise GitHubRefused("Only clones and fetches are simulated.", status=403)
        repository = self._repository(request)
        listed = await _upload_pack(repository, "--advertise-refs")
        content = f"{len(_FIRST) + 4:04x}{_FIRST}0000".encode() + listed
        return _answer(content, "advertisement")

    async def _pack(self, request: Request) -> Response:
        wanted = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            wanted = gzip.decompress(wanted)
        packed = await _upload_pack(self._repository(request), wanted=wanted)
        return _answer(packed, "result")

    def _repository(self, request: Request) -> Repository:
        caller = self._world.tokens.caller(request.headers.get("authorization", ""))
        repository = self._world.repository(request.path_params["org"], request.path_params["repo"])
        if caller.account is None and repository.private:
            raise GitHubRefused("Authentication required", status=401)
        if not caller.sees(repository) or not caller.may("contents", "read", "read", repository):
            raise GitHubRefused("Repository not found.", status=404)
        return repository


async def _upload_pack(repository: Repository, *options: str, wanted: bytes = b"") -> bytes:
    settings = ("-c", "uploadpack.allowAnySHA1InWant=true")
    command = ("upload-pack", "--stateless-rpc", *options, str(repository.git.directory))
    return await repository.git.run(*settings, *command, stdin=wanted)


def _answer(content: bytes, kind: str) -> Response:
    media_type = f"application/x-{_SERVICE}-{kind}"
    return Response(content, headers={"cache-control": "no-cache"}, media_type=media_type)


async def told_to_git(request: Request, error: Exception) -> Response:
    """Tell a git client why it was refused; with 401 it asks for a password."""
    del request
    status = error.status if isinstance(error, GitHubRefused) else 500
    headers = {"www-authenticate": 'Basic realm="GitHub"'} if status == 401 else {}
    return PlainTextResponse(str(error), status, headers)
