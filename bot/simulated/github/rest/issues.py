"""Issues: list, get, open, change, lock, label; a pull request answers here too."""

from datetime import datetime

from bot.simulated.github.accounts import Account
from bot.simulated.github.conversations import IssueDraft, find_label
from bot.simulated.github.issues import Issue, StateReason
from bot.simulated.github.pulls import PullRequest
from bot.simulated.github.refusals import GitHubRefused, invalid
from bot.simulated.github.rest.endpoints import Answer, Call, Family
from bot.simulated.github.rest.paging import page
from bot.simulated.github.shapes.issues import issue_json, label_json

family = Family()
ISSUES = "/repos/{owner}/{repo}/issues"
ISSUE = ISSUES + "/{number}"
_REASONS: dict[str, StateReason] = {
    "completed": "completed",
    "not_planned": "not_planned",
    "duplicate": "duplicate",
    "reopened": "reopened",
}


@family.on("GET", ISSUES, "issues")
async def list_issues(call: Call) -> Answer:
    """List issues and pull requests, newest first unless asked otherwise."""
    found = [issue for issue in call.repository.issues.values() if _wanted(call, issue)]
    by = "updated_at" if call.query.get("sort") == "updated" else "created_at"
    newest_first = call.query.get("direction", "desc") == "desc"
    found.sort(key=lambda issue: (getattr(issue, by), issue.number), reverse=newest_first)
    return page(call, found, issue_json)


@family.on("POST", ISSUES, "issues", role="read")
async def create_issue(call: Call) -> Answer:
    """Open an issue."""
    draft = IssueDraft(
        title=call.text("title"),
        body=call.text("body"),
        labels=tuple(call.texts("labels")),
        assignees=_assignees(call),
    )
    issue = call.world.acts.conversations.open_issue(call.repository, call.actor, draft)
    return Answer(issue_json(issue), 201)


@family.on("GET", ISSUE, "issues", "pull_requests")
async def get_issue(call: Call) -> Answer:
    """Get an issue or a pull request as an issue."""
    return Answer(issue_json(_issue(call)))


@family.on("PATCH", ISSUE, "issues", "pull_requests", role="read")
async def update_issue(call: Call) -> Answer:
    """Change the title, body, labels, assignees or state of an issue."""
    issue, talk = _issue(call), call.world.acts.conversations
    talk.edit(issue, call.actor, call.maybe_text("title"), call.maybe_text("body"))
    if "labels" in call.body:
        call.repository.demand(call.actor, "triage", "label")
        talk.set_labels(call.repository, issue, call.actor, tuple(call.texts("labels")))
    if "assignees" in call.body:
        call.repository.demand(call.actor, "triage", "assign")
        issue.assignees = list(_assignees(call))
    await _change_state(call, issue)
    return Answer(issue_json(issue))


@family.on("PUT", ISSUE + "/lock", "issues", "pull_requests")
async def lock_issue(call: Call) -> Answer:
    """Lock a conversation."""
    reason = call.maybe_text("lock_reason")
    if reason not in (None, "off-topic", "too heated", "resolved", "spam"):
        raise invalid("Issue", "lock_reason")
    call.world.acts.conversations.lock(_issue(call), call.actor, reason)
    return Answer(None, 204)


@family.on("DELETE", ISSUE + "/lock", "issues", "pull_requests")
async def unlock_issue(call: Call) -> Answer:
    """Unlock a conversation."""
    call.world.acts.conversations.unlock(_issue(call), call.actor)
    return Answer(None, 204)


@family.on("GET", ISSUE + "/labels", "issues", "pull_requests")
async def list_issue_labels(call: Call) -> Answer:
    """List the labels of an issue."""
    return page(call, _issue(call).labels, lambda label: label_json(call.repository, label))


@family.on("POST", ISSUE + "/labels", "issues", "pull_requests", role="triage")
async def add_labels(call: Call) -> Answer:
    """Add labels to an issue."""
    return _relabelled(call, [label.name for label in _issue(call).labels] + call.texts("labels"))


@family.on("PUT", ISSUE + "/labels", "issues", "pull_requests", role="triage")
async def set_labels(call: Call) -> Answer:
    """Make these the labels of an issue."""
    return _relabelled(call, call.texts("labels"))


@family.on("DELETE", ISSUE + "/labels/{name:path}", "issues", "pull_requests", role="triage")
async def remove_label(call: Call) -> Answer:
    """Take a label from an issue."""
    names = [label.name for label in _issue(call).labels]
    left = [name for name in names if name.lower() != call.path["name"].lower()]
    if left == names:
        raise GitHubRefused("Label does not exist", status=404)
    return _relabelled(call, left)


@family.on("GET", "/repos/{owner}/{repo}/labels", "issues", "pull_requests")
async def list_labels(call: Call) -> Answer:
    """List the labels of a repository."""
    labels = sorted(call.repository.labels.values(), key=lambda label: label.name)
    return page(call, labels, lambda label: label_json(call.repository, label))


@family.on("GET", "/repos/{owner}/{repo}/labels/{name:path}", "issues", "pull_requests")
async def get_label(call: Call) -> Answer:
    """Get a label of a repository."""
    for label in call.repository.labels.values():
        if label.name.lower() == call.path["name"].lower():
            return Answer(label_json(call.repository, label))
    raise GitHubRefused("Not Found", status=404)


@family.on("POST", "/repos/{owner}/{repo}/labels", "issues", "pull_requests")
async def create_label(call: Call) -> Answer:
    """Create a label in a repository."""
    name = call.text("name")
    if name.lower() in (label.name.lower() for label in call.repository.labels.values()):
        raise invalid("Label", "name", "already_exists")
    label = find_label(call.repository, name)
    label.color = call.text("color", label.color)
    label.description = call.maybe_text("description")
    return Answer(label_json(call.repository, label), 201)


def _issue(call: Call) -> Issue:
    return call.repository.issue(call.number("number"))


def _wanted(call: Call, issue: Issue) -> bool:
    if not call.repository.has_issues and not isinstance(issue, PullRequest):
        return False
    query = call.query
    state, creator = query.get("state", "open"), query.get("creator", issue.author.login)
    names = {label.name.lower() for label in issue.labels}
    labels = {name.strip().lower() for name in query.get("labels", "").split(",") if name.strip()}
    since = query.get("since")
    return (
        state in ("all", issue.state)
        and creator.lower() == issue.author.login.lower()
        and labels <= names
        and (since is None or issue.updated_at >= datetime.fromisoformat(since))
    )


def _assignees(call: Call) -> tuple[Account, ...]:
    found = (call.world.platform.account(login) for login in call.texts("assignees"))
    return tuple(account for account in found if account)


def _relabelled(call: Call, names: list[str]) -> Answer:
    issue = _issue(call)
    talk = call.world.acts.conversations
    talk.set_labels(call.repository, issue, call.actor, tuple(names))
    return Answer([label_json(call.repository, label) for label in issue.labels])


async def _change_state(call: Call, issue: Issue) -> None:
    state, reason = call.text("state", issue.state), call.maybe_text("state_reason")
    if state not in ("open", "closed") or (reason is not None and reason not in _REASONS):
        raise invalid("Issue", "state_reason" if state in ("open", "closed") else "state")
    talk = call.world.acts.conversations
    if state == issue.state:
        if reason is not None and state == "closed":
            issue.state_reason = _REASONS[reason]
    elif state == "closed":
        talk.close(issue, call.actor, _REASONS[reason] if reason else None)
    elif isinstance(issue, PullRequest):
        await call.world.acts.pull_requests.reopen(issue, call.actor)
    else:
        talk.reopen(issue, call.actor)
