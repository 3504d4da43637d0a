"""What a plan came to: in one word for GitHub, and in one line for people."""

from collections import Counter

from bot.report.harmless import plain
from bot.report.planned import PlanFacts, Said, Standing
from bot.report.sections import revision
from bot.report.verdict import Conclusion, Status

_LEFT = {
    Standing.CANCELLED: "the plan was cancelled",
    Standing.CLOSED: "closed before the plan was made",
    Standing.MERGED: "merged before the plan was made",
}
_MARKS = {
    "success": "📋",
    "neutral": "📋",
    "failure": "❌",
    "skipped": "⏭️",
    "cancelled": "🚫",
}


def status(facts: PlanFacts) -> Status:
    """Say how far the plan is."""
    return "in_progress" if facts.standing is Standing.GOES_ON else "completed"


def conclusion(facts: PlanFacts) -> Conclusion | None:
    """Say how the plan ended; `None` while it is being made.

    It is `skipped` where nobody is reached, and `neutral` where no stack could say anything.
    """
    if facts.standing is Standing.GOES_ON:
        return None
    if facts.standing is not Standing.DONE:
        return "cancelled"
    if facts.refused or failed(facts):
        return "failure"
    if not facts.tenants:
        return "skipped"
    if facts.group or any(one.said is Said.PLANNED for one in facts.tenants):
        return "success"
    return "neutral"


def failed(facts: PlanFacts) -> bool:
    """Answer whether any stack could not be asked, or the plan as a whole could not be made."""
    return bool(facts.problem) or any(one.said is Said.FAILED for one in facts.tenants)


def mark(facts: PlanFacts) -> str:
    """Answer the sign before the verdict."""
    word = conclusion(facts)
    if word is None:
        return "🔄"
    loses = any(one.destructive for one in facts.tenants)
    return "⚠️" if word == "success" and loses else _MARKS[word]


def verdict(facts: PlanFacts) -> str:
    """Say whom it would reach, such as `backend at a1b2c3d would reach 14 tenants in 3 waves`."""
    if facts.standing is Standing.SUPERSEDED:
        return f"superseded by {revision(facts.after)}"
    if facts.standing in _LEFT:
        return _LEFT[facts.standing]
    if facts.refused:
        return "`orbits.toml` cannot be used: merging it would roll nothing out"
    if not facts.tenants:
        return "no tenant is affected"
    services = plain(", ".join(facts.services), 200)
    return f"{services} at {revision(facts.revision)} would reach {_whom(facts)}"


def _whom(facts: PlanFacts) -> str:
    keeps = Counter(one.keeps for one in facts.tenants)
    going = keeps[None]
    who = "nobody now" if not going else "1 tenant" if going == 1 else f"{going} tenants"
    waves = f" in {facts.waves} waves" if facts.waves > 1 else ""
    losing = sum(one.destructive for one in facts.tenants)
    counts = {
        "frozen": keeps["frozen"],
        "held": keeps["held"],
        "would lose data": losing,
        "could not be planned": sum(one.said is Said.FAILED for one in facts.tenants),
    }
    parts = [f"{who}{waves}", *(f"{count} {word}" for word, count in counts.items() if count)]
    return ", ".join(parts)
