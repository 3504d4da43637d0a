"""The search for issues, as far as a bot needs it: by repository, kind, state and words."""

import shlex

from bot.simulated.github.issues import Issue
from bot.simulated.github.pulls import PullRequest
from bot.simulated.github.refusals import GitHubRefused
from bot.simulated.github.repositories import Repository
from bot.simulated.github.rest.endpoints import Answer, Call, Family
from bot.simulated.github.rest.paging import cut
from bot.simulated.github.shapes.issues import issue_json

family = Family()


@family.on("GET", "/search/issues")
async def search_issues(call: Call) -> Answer:
    """Search with `repo:`, `is:`, `in:`, `state:`, `label:`, `author:` and words."""
    if not call.query.get("q", "").strip():
        raise GitHubRefused("Validation Failed", errors=[{"field": "q", "code": "missing"}])
    terms, words = _parsed(call.query["q"])
    found = [
        issue
        for repository in _repositories(call, terms.get("repo", []))
        for issue in repository.issues.values()
        if _matches(issue, terms, words)
    ]
    found.sort(key=lambda issue: issue.number, reverse=True)
    chosen, headers = cut(call, found)
    items = [{**issue_json(issue), "score": 1.0} for issue in chosen]
    shape = {"total_count": len(found), "incomplete_results": False, "items": items}
    return Answer(shape, headers=headers)


def _parsed(query: str) -> tuple[dict[str, list[str]], list[str]]:
    terms: dict[str, list[str]] = {}
    words = []
    for token in shlex.split(query):
        name, colon, value = token.partition(":")
        if colon and name in ("repo", "is", "in", "state", "label", "author", "type"):
            terms.setdefault("is" if name in ("state", "type") else name, []).append(value.lower())
        else:
            words.append(token.lower())
    return terms, words


def _repositories(call: Call, names: list[str]) -> list[Repository]:
    every = [
        repository
        for organization in call.world.organizations.values()
        for repository in organization.repositories.values()
        if call.caller.sees(repository)
    ]
    found = [each for each in every if not names or each.full_name.lower() in names]
    if names and not found:
        message = "The listed users and repositories cannot be searched"
        raise GitHubRefused("Validation Failed", errors=[{"message": message, "field": "q"}])
    return found


def _matches(issue: Issue, terms: dict[str, list[str]], words: list[str]) -> bool:
    kind = "pr" if isinstance(issue, PullRequest) else "issue"
    facts = {kind, issue.state, "merged" if isinstance(issue, PullRequest) and issue.merged else ""}
    labels = {label.name.lower() for label in issue.labels}
    places = ",".join(terms.get("in", ["title,body"])).split(",")
    text = "\n".join(getattr(issue, place) for place in places if place in ("title", "body"))
    return (
        set(terms.get("is", [])) <= facts
        and set(terms.get("label", [])) <= labels
        and all(author == issue.author.login.lower() for author in terms.get("author", []))
        and all(word in text.lower() for word in words)
    )
