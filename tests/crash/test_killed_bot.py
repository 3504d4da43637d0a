"""The bot's process is killed after every step of a rollout, and nobody can tell afterwards."""

import asyncio
import multiprocessing
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from bot.demo.agency import ODD_ONE, REGIONS, Agency, found_agency
from bot.demo.changes import ONE_ACCOUNT_PER_EMAIL, REMEMBER_PHONE, ProposedChange
from bot.parts import opened
from bot.rollouts.tenants import Tenants
from bot.simulated.github import PullRequest, SimulatedGitHub
from bot.simulated.serving import serving
from bot.worker import working
from tests.crash.mortal_bot import Life, live

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.crash.mortal_bot"])

FEW_REGIONS = {"acme": "eu-west-1", ODD_ONE: "us-east-1"}
MOST_LIVES = 200

Steps = dict[tuple[str, str], tuple[str, str]]
"""When each finished step of the store ended, and how, by run and name."""


@pytest.fixture(params=[pytest.param(FEW_REGIONS, id="two-tenants")])
def regions(request: pytest.FixtureRequest) -> dict[str, str]:
    return dict(request.param)


@pytest.fixture
async def agency(tmp_path: Path, regions: dict[str, str]) -> AsyncIterator[Agency]:
    """An agency whose clients are installed, and whose bot is not running yet."""
    async with (
        SimulatedGitHub(tmp_path / "github") as github,
        serving(github.asgi) as address,
    ):
        github.address = address
        agency = await found_agency(github, tmp_path, regions)
        async with opened(agency.settings(), fleet=agency.fleet) as parts, working(parts) as bot:
            await agency.take_clients_on(bot, Tenants(parts.database, parts.clock))
        yield agency


async def one_life(agency: Agency, port: int, steps: int, merge: PullRequest | None) -> int | None:
    """Let the bot live for so many steps, merging a pull request meanwhile; answer its end."""
    ours, theirs = FORKS.Pipe()
    life = Life(
        home=agency.home,
        sources={name: str(each.git.directory) for name, each in agency.repositories.items()},
        api_url=agency.github.platform.api,
        app_id=agency.app.id,
        private_key=agency.app.private_key,
        secret=agency.app.webhook_secret,
        port=port,
        steps=steps,
        rollouts=sum(pull.merged for pull in agency.backend.pulls) + (merge is not None),
    )
    process = FORKS.Process(target=live, args=(life, theirs))
    await asyncio.to_thread(process.start)
    theirs.close()
    if merge is not None:
        await asyncio.to_thread(ours.recv)
        await agency.maya.merges(merge, "squash")
    await asyncio.to_thread(process.join)
    ours.close()
    return process.exitcode


async def killed_until_done(
    agency: Agency, change: ProposedChange, first: int, then: int
) -> tuple[PullRequest, list[Steps]]:
    """Merge a change on a bot that is killed again and again; answer what each life left."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    agency.app.webhook_url = f"http://127.0.0.1:{port}/webhooks/github"
    pull = await agency.maya.opens_pull_request(agency.backend, change.title, dict(change.files))
    await agency.github.deliveries_settled()
    left = []
    ended = await one_life(agency, port, first, pull)
    while ended == -signal.SIGKILL:
        left.append(finished_steps(agency.home))
        assert len(left) < MOST_LIVES, "the rollout makes no progress"
        ended = await one_life(agency, port, then, None)
    assert ended == 0
    return pull, [*left, finished_steps(agency.home)]


def finished_steps(home: Path) -> Steps:
    with closing(sqlite3.connect(home / "orbits.db")) as connection:
        rows = connection.execute(
            "SELECT run_id, name, finished_at, state FROM step WHERE finished_at IS NOT NULL"
        )
        return {(run, name): (at, state) for run, name, at, state in rows}


def nothing_ran_twice(lives: list[Steps]) -> bool:
    """Answer whether every step that was finished stayed as it was finished first."""
    return all(
        later[step] == ended for before, later in pairwise(lives) for step, ended in before.items()
    )


def told(agency: Agency, pull: PullRequest) -> tuple[str, str | None]:
    """Answer the one comment that the bot wrote, and how the check of its rollout was concluded."""
    (comment,) = [each for each in pull.comments if each.author is agency.app.bot]
    assert pull.merge_commit_sha is not None
    checks = agency.backend.check_runs(pull.merge_commit_sha)
    (check,) = [each for each in checks if each.name == "orbits/deploy"]
    assert check.status == "completed"
    return comment.body, check.conclusion


def assert_everybody_has_it(agency: Agency, pull: PullRequest) -> None:
    """The first change: nobody can tell that anything happened on the way."""
    comment, conclusion = told(agency, pull)
    sha = str(pull.merge_commit_sha)[:7]
    count = len(agency.regions)
    assert f"### ✅ backend → {sha}: {count} of {count} tenants updated\n" in comment
    assert conclusion == "success"
    assert all("phone" in agency.columns(tenant) for tenant in agency.regions)


def assert_the_odd_one_alone_failed(agency: Agency, pull: PullRequest) -> None:
    """The second change: one was rolled back, and GitHub was told once."""
    comment, conclusion = told(agency, pull)
    assert f"**{ODD_ONE}**" in comment
    assert "UNIQUE constraint failed: customers.email" in comment
    assert "rolled back to" in comment
    assert conclusion == "failure"
    have = {tenant for tenant in agency.regions if "verified" in agency.columns(tenant)}
    assert have == set(agency.regions) - {ODD_ONE}


async def test_killed_after_every_step_a_rollout_ends_as_if_nothing_had_happened(
    agency: Agency,
) -> None:
    pull, lives = await killed_until_done(agency, REMEMBER_PHONE, first=1, then=1)
    # Both tenants' steps may be committed together: what is sure is a death for each of one's.
    assert len(lives) > 8
    assert all(set(earlier) < set(later) for earlier, later in pairwise(lives[:-1]))
    assert nothing_ran_twice(lives)
    assert_everybody_has_it(agency, pull)


@pytest.mark.thorough
async def test_killed_after_every_step_a_failed_tenant_is_still_rolled_back(
    agency: Agency,
) -> None:
    await killed_until_done(agency, REMEMBER_PHONE, first=0, then=0)
    await agency.import_customers_twice()
    pull, lives = await killed_until_done(agency, ONE_ACCOUNT_PER_EMAIL, first=1, then=1)
    assert nothing_ran_twice(lives)
    assert_the_odd_one_alone_failed(agency, pull)


@pytest.mark.thorough
@pytest.mark.parametrize("regions", [REGIONS], indirect=True, ids=["six-tenants"])
@pytest.mark.parametrize("steps", range(1, 80, 3))
async def test_killed_once_at_any_step_of_the_demo_a_rollout_ends_the_same(
    agency: Agency, steps: int
) -> None:
    await killed_until_done(agency, REMEMBER_PHONE, first=0, then=0)
    await agency.import_customers_twice()
    pull, lives = await killed_until_done(agency, ONE_ACCOUNT_PER_EMAIL, first=steps, then=0)
    assert nothing_ran_twice(lives)
    assert_the_odd_one_alone_failed(agency, pull)
