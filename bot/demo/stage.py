"""Where the story of the demo takes place: a home, an agency, and a bot that is served."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

from rich.console import Console

from bot.app import web_app
from bot.demo.agency import Agency, found_agency
from bot.demo.by_hand import a_change_by_hand
from bot.demo.narration import Narrator
from bot.demo.story import Story
from bot.outbox.budget import Pace
from bot.parts import opened
from bot.rollouts.tenants import Tenants
from bot.simulated.github import PullRequest, SimulatedGitHub
from bot.simulated.serving import serving
from bot.simulated.slack import SimulatedSlack
from bot.worker import work, working
from resources.errors import Refused

MARK = ".made-by-orbits-demo"
PACE = Pace(
    between=timedelta(milliseconds=50), per_minute=10_000, per_tenant=timedelta(milliseconds=20)
)
"""The simulated GitHub and Slack are not limited as the real ones are."""


def _empty(home: Path) -> None:
    """Make an empty folder; only one that a demo made is ever emptied."""
    mark = home / MARK
    if home.exists() and any(home.iterdir()) and not mark.is_file():
        raise Refused(
            f"{home} holds files that no demo put there, and a demo begins in an empty folder. "
            "Name another with --home. Nothing was touched."
        )
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    mark.write_text("Made by `orbits demo`, which empties this folder when it begins anew.\n")


@contextlib.asynccontextmanager
async def demo_world(home: Path, port: int) -> AsyncIterator[Agency]:
    """Make an empty home and an agency in it, on a simulated GitHub that is being served."""
    await asyncio.to_thread(_empty, home)
    async with (
        SimulatedGitHub(home / "github") as github,
        serving(github.asgi, port=port) as address,
    ):
        github.address = address
        yield await found_agency(github, home)


@contextlib.asynccontextmanager
async def slack_world() -> AsyncIterator[SimulatedSlack]:
    """Serve a simulated Slack."""
    slack = SimulatedSlack("Agency")
    async with serving(slack.asgi) as address:
        slack.address = address
        yield slack


async def tell(home: Path, console: Console, *, once: bool, port: int = 0) -> None:
    """Tell the whole story; then, unless `once`, leave everything running until cancelled.

    Raises `NotAsTold` where something did not happen as the story says.
    """
    narrator = Narrator(console)
    async with demo_world(home, port) as agency, slack_world() as slack:
        narrator.chapter("An agency with three services and six clients")
        narrator.line(f"its repositories, on a simulated GitHub: {agency.github.address}")
        settings = agency.settings(slack)
        async with opened(settings, fleet=agency.fleet) as parts:
            async with working(parts) as bot:
                await agency.take_clients_on(bot, Tenants(parts.database, parts.clock))
            narrator.line(f"its clients, each in an account of its own: {home / 'accounts'}")
            async with serving(web_app(parts, partial(work, pace=PACE))) as address:
                parts.address = address
                agency.app.webhook_url = f"{address}/webhooks/github"
                narrator.line(f"the bot, which hears of every merge: {address}/readyz")
                narrator.line(f"its alerts, on a simulated Slack: {slack.address}/archives/deploys")
                story = Story(agency, slack.channel("deploys"), parts.database, narrator)
                await story.a_change_that_fits()
                pull = await story.a_change_that_does_not()
                await story.a_command(pull)
                await a_change_by_hand(story, pull)
                if not once:
                    await _go_on(story, agency, pull)


async def _go_on(story: Story, agency: Agency, pull: PullRequest) -> None:
    """Tell every rollout that somebody starts on the pages, until cancelled."""
    say = story.narrator.line
    story.narrator.chapter("Now you")
    say(f"propose a change and merge it: {agency.backend.html_url}")
    say(f"comment on a merged one, such as /orbits rollback or /orbits help: {pull.html_url}")
    say("the bot goes on until you press Ctrl-C")
    while True:
        await story.next_rollout()
