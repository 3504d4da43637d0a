"""The part of the story in which somebody changes a client's file behind the bot's back."""

import asyncio

from sqlmodel import Session, col, select

from bot.demo.story import Story, must
from bot.drift.life import Phase
from bot.simulated.github import PullRequest
from bot.simulated.github.issues import Issue
from bot.store.tables import Drift, Notice, Watch

WHO = "globex"


async def a_change_by_hand(story: Story, pull: PullRequest) -> None:
    """Change a file, let it be found and told, and let maya have it brought back."""
    say, agency = story.narrator.line, story.agency
    story.narrator.chapter(f"Somebody changes a file of {WHO} by hand")
    file = agency.file_of(WHO)
    before = await asyncio.to_thread(file.read_text)
    await asyncio.to_thread(file.write_text, before.replace("workers = 4", "workers = 40"))
    say(f"in {file} it says `workers = 40` now")

    issue = await _found(story, pull)
    say(
        f"the bot opens #{issue.number} \N{LEFT DOUBLE QUOTATION MARK}{issue.title}"
        f"\N{RIGHT DOUBLE QUOTATION MARK}: {issue.html_url}"
    )
    story.narrator.comment(agency.app.bot_login, issue.body)

    await agency.maya.comments(issue, "/orbits drift fix")
    say(f"maya comments on #{issue.number}: /orbits drift fix")
    await story.until(lambda session: _is_told(session, Phase.RESOLVED))
    must(issue.state == "closed", "the issue should be closed")
    must(await asyncio.to_thread(file.read_text) == before, "the file should be as it was")
    say(f"{WHO} has its file back, and the bot closes #{issue.number}")
    await story.alerts()


async def _found(story: Story, pull: PullRequest) -> Issue:
    """Let the stack be looked at until its drift is told, which takes two looks in a row."""
    for _ in range(2):
        await _look(story, pull)
    await story.until(lambda session: _is_told(session, Phase.OPEN))
    issues = [each for each in story.agency.backend.issues.values() if _is_of_the_bot(story, each)]
    must(len(issues) == 1, "there should be one issue")
    return issues[0]


async def _look(story: Story, pull: PullRequest) -> None:
    before = await story.database.read(_looked_at)
    await story.agency.maya.comments(pull, f"/orbits drift check {WHO}")
    story.narrator.line(f"maya comments on #{pull.number}: /orbits drift check {WHO}")
    await story.until(lambda session: _looked_at(session) != before)


def _is_of_the_bot(story: Story, issue: Issue) -> bool:
    return issue.author is story.agency.app.bot


def _looked_at(session: Session) -> object:
    watch = session.get(Watch, WHO)
    return watch and watch.looked_at


def _is_told(session: Session, phase: Phase) -> bool:
    """Answer whether a drift is in a phase, and GitHub says so."""
    drift = session.get(Drift, WHO)
    if drift is None or drift.phase != phase:
        return False
    told = session.exec(select(Notice).where(col(Notice.kind) == "issue")).all()
    return bool(told) and not any(each.due for each in told)
