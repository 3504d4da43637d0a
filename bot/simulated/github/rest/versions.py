"""The versions of the API, and what the newer one leaves out."""

from bot.simulated.github.refusals import GitHubRefused
from bot.simulated.github.rest.endpoints import Call, Json

VERSIONS = ("2022-11-28", "2026-03-10")


def check_version(call: Call) -> None:
    """Refuse a version that does not exist."""
    if (version := _version(call)) not in VERSIONS:
        raise GitHubRefused(f"{version} is not a supported version.", status=400)


def shown_pull(call: Call, pull: Json) -> Json:
    """Return a pull request as the asked version shows it: the newer has no merge commit."""
    if _version(call) == VERSIONS[0]:
        return pull
    return {name: value for name, value in pull.items() if name != "merge_commit_sha"}


def _version(call: Call) -> str:
    return call.headers.get("x-github-api-version", VERSIONS[0])
