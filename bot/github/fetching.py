"""How git signs in to fetch from the bot's own GitHub: with a token for that repository alone."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from bot.github.door import GitHub
from bot.github.failures import GitHubFailed, NotFound
from resources.errors import OrbitsError
from resources.library.git.credentials import GitCredentials, GitLogin

USER = "x-access-token"
"""https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app"""

_PATH = re.compile(r"/([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+?)(?:\.git)?/?")


class GithubLogins(GitCredentials):
    """Logins for addresses of repositories on one GitHub, by `https` as its API is.

    `mask` gets every token. For other addresses there are none.
    """

    def __init__(self, github: GitHub, api_url: str, mask: Callable[[str], None]) -> None:
        self._github = github
        self._api = urlsplit(api_url)
        self._mask = mask

    async def login(self, address: str) -> GitLogin | None:
        """Answer a new token; `None` where the App is not installed, as on what is public."""
        repository = self._repository(address)
        if repository is None:
            return None
        try:
            token = await self._github.token_to_read(repository)
        except NotFound:
            return None
        except GitHubFailed as failed:
            if failed.status in {403, 422}:
                raise OrbitsError(
                    f"{repository} cannot be fetched: the App gets no token to read it with. It "
                    "lacks the permission `Contents: read`, or its installation is suspended: "
                    "grant the one, or end the other, and retry."
                ) from None
            raise
        self._mask(token)
        return GitLogin(user=USER, password=token)

    def remedy(self, address: str) -> str:
        """Answer where the App is to be installed."""
        repository = self._repository(address)
        if repository is None:
            return super().remedy(address)
        return f"Install the App on {repository}, with the permission `Contents: read`, and retry."

    def _repository(self, address: str) -> str | None:
        url = urlsplit(address)
        here = (url.scheme, url.netloc.lower()) == (self._api.scheme, git_host(self._api.netloc))
        found = _PATH.fullmatch(url.path) if here and not url.query and not url.fragment else None
        return found[1] if found and not {".", ".."} & set(found[1].split("/")) else None


def git_host(api_host: str) -> str:
    """Answer where git finds the repositories of the GitHub whose API is there.

    The API is `api.github.com`, `api.SUBDOMAIN.ghe.com`, or that of a server of one's own.
    """
    host = api_host.lower()
    cloud = host == "api.github.com" or (host.startswith("api.") and host.endswith(".ghe.com"))
    return host.removeprefix("api.") if cloud else host
