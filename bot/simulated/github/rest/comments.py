"""Comments and reactions, under issues and pull requests alike."""

from datetime import datetime

from bot.simulated.github.issues import Comment, Issue
from bot.simulated.github.refusals import GitHubRefused, not_found
from bot.simulated.github.rest.endpoints import Answer, Call, Family
from bot.simulated.github.rest.paging import page
from bot.simulated.github.shapes.issues import comment_json, reaction_json

family = Family()
ISSUE = "/repos/{owner}/{repo}/issues/{number}"
COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}"
EITHER = ("issues", "pull_requests")


@family.on("GET", "/repos/{owner}/{repo}/issues/comments", *EITHER)
async def list_all_comments(call: Call) -> Answer:
    """List every comment of a repository, oldest first."""
    issues = call.repository.issues.values()
    comments = [comment for issue in issues for comment in issue.comments]
    comments.sort(key=lambda comment: comment.id)
    return page(call, _since(call, comments), comment_json)


@family.on("GET", ISSUE + "/comments", *EITHER)
async def list_comments(call: Call) -> Answer:
    """List the comments under one issue, oldest first."""
    return page(call, _since(call, _issue(call).comments), comment_json)


@family.on("POST", ISSUE + "/comments", *EITHER, role="read")
async def create_comment(call: Call) -> Answer:
    """Comment on an issue or a pull request."""
    comment = call.world.acts.conversations.comment(_issue(call), call.actor, call.text("body"))
    return Answer(comment_json(comment), 201, {"Location": comment_json(comment)["url"]})


@family.on("GET", COMMENT, *EITHER)
async def get_comment(call: Call) -> Answer:
    """Get a comment; 404 once it is deleted."""
    return Answer(comment_json(_comment(call)))


@family.on("PATCH", COMMENT, *EITHER, role="read")
async def update_comment(call: Call) -> Answer:
    """Change what a comment says; an App changes its own comments only."""
    comment = _comment(call)
    _check_own(call, comment)
    call.world.acts.conversations.edit_comment(comment, call.actor, call.text("body"))
    return Answer(comment_json(comment))


@family.on("DELETE", COMMENT, *EITHER, role="read")
async def delete_comment(call: Call) -> Answer:
    """Delete a comment."""
    call.world.acts.conversations.delete_comment(_comment(call), call.actor)
    return Answer(None, 204)


@family.on("GET", ISSUE + "/reactions", "issues")
@family.on("GET", COMMENT + "/reactions", "issues")
async def list_reactions(call: Call) -> Answer:
    """List the reactions to an issue or a comment."""
    content = call.query.get("content")
    found = [each for each in _target(call).reactions if content in (None, each.content)]
    return page(call, found, lambda reaction: reaction_json(reaction, call.world.platform))


@family.on("POST", ISSUE + "/reactions", "issues", role="read")
@family.on("POST", COMMENT + "/reactions", "issues", role="read")
async def create_reaction(call: Call) -> Answer:
    """React; 200 instead of 201 if the same reaction is there already."""
    reaction, new = call.world.acts.conversations.react(
        _target(call), call.actor, call.text("content")
    )
    return Answer(reaction_json(reaction, call.world.platform), 201 if new else 200)


@family.on("DELETE", ISSUE + "/reactions/{reaction_id}", "issues", role="read")
@family.on("DELETE", COMMENT + "/reactions/{reaction_id}", "issues", role="read")
async def delete_reaction(call: Call) -> Answer:
    """Take one's reaction back."""
    target, wanted = _target(call), call.number("reaction_id")
    for reaction in target.reactions:
        if reaction.id == wanted and reaction.account is call.actor:
            target.reactions.remove(reaction)
            return Answer(None, 204)
    raise not_found()


def _issue(call: Call) -> Issue:
    return call.repository.issue(call.number("number"))


def _comment(call: Call) -> Comment:
    return call.repository.comment(call.number("comment_id"))


def _target(call: Call) -> Issue | Comment:
    return _comment(call) if "comment_id" in call.path else _issue(call)


def _since(call: Call, comments: list[Comment]) -> list[Comment]:
    if not (since := call.query.get("since")):
        return comments
    moment = datetime.fromisoformat(since)
    return [comment for comment in comments if comment.updated_at >= moment]


def _check_own(call: Call, comment: Comment) -> None:
    if call.actor.kind == "Bot" and comment.author is not call.actor:
        raise GitHubRefused("Resource not accessible by integration", status=403)
