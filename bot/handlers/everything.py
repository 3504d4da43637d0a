"""All handlers of this release."""

from bot.handlers import check_run, issue_comment, issues, merge_group, pull_request, push
from bot.handlers.registry import Handlers

HANDLERS = Handlers(
    pull_request.handlers,
    push.handlers,
    issue_comment.handlers,
    issues.handlers,
    check_run.handlers,
    merge_group.handlers,
)
