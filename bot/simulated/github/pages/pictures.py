"""The little that pages draw: avatars, and a mark for how checks stand."""

from html import escape

from bot.simulated.github.accounts import Account
from bot.simulated.github.repositories import Repository

MARKS = {
    "success": ("✓", "good", "success"),
    "neutral": ("■", "quiet", "neutral"),
    "skipped": ("⊘", "quiet", "skipped"),
    "failure": ("✗", "bad", "failure"),
    "error": ("✗", "bad", "error"),
    "timed_out": ("✗", "bad", "timed out"),
    "cancelled": ("⊘", "quiet", "cancelled"),
    "action_required": ("!", "waiting", "action required"),
    "stale": ("…", "quiet", "stale"),
    "inactive": ("○", "quiet", "inactive"),
    "in_progress": ("●", "waiting", "in progress"),
    "queued": ("○", "waiting", "queued"),
    "pending": ("●", "waiting", "pending"),
    "warning": ("!", "waiting", "warning"),
    "notice": ("i", "quiet", "notice"),
}
_WORST_FIRST = (
    "failure",
    "error",
    "timed_out",
    "action_required",
    "in_progress",
    "pending",
    "queued",
    "cancelled",
    "stale",
    "success",
)
_HUES = (210, 262, 152, 24, 340, 48, 186, 290)


def mark(state: str) -> tuple[str, str, str]:
    """Return the sign, the colour and the word for a conclusion or status."""
    return MARKS.get(state, ("?", "quiet", state))


def mark_of(repository: Repository, sha: str) -> tuple[str, str, str] | None:
    """Return how the checks and statuses of a commit stand together; None if it has none."""
    states = {run.conclusion or run.status for run in repository.check_runs(sha)}
    states |= {status.state for status in repository.combined_statuses(sha)}
    if not states:
        return None
    return mark(next((each for each in _WORST_FIRST if each in states), "skipped"))


def avatar(account: Account) -> str:
    """Return a picture of an account: its first letter on its colour, as SVG."""
    letter = escape(account.login[:1].upper())
    colour = f"hsl({_HUES[account.id % len(_HUES)]} 45% 45%)"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">'
        f'<rect width="40" height="40" rx="20" fill="{colour}"/>'
        '<text x="20" y="27" font-family="sans-serif" font-size="20" text-anchor="middle" '
        f'fill="white">{letter}</text></svg>'
    )
