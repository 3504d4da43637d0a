"""What GitHub really delivers is taken in at the webhook, and read."""

from pathlib import Path

import httpx
from starlette.applications import Starlette

from bot.github.delivery import ReceivedDelivery
from bot.github.events import (
    CommentCreated,
    Event,
    InstallationChanged,
    PullRequestClosed,
    Push,
    parse,
)
from bot.simulated.github import SimulatedGitHub
from bot.web.webhook import webhook_route
from tests.github.conftest import Clock


async def test_a_merge_arrives_as_its_events(tmp_path: Path, clock: Clock) -> None:
    taken_in: list[ReceivedDelivery] = []

    async def take_in(delivery: ReceivedDelivery) -> bool:
        taken_in.append(delivery)
        return True

    bot = Starlette(routes=[webhook_route(("secret",), take_in, clock)])
    transport = httpx.ASGITransport(bot)
    async with SimulatedGitHub(tmp_path, clock=clock, transport=transport) as simulator:
        agency = simulator.organization("agency")
        backend = await agency.create_repository("backend")
        maya = simulator.user("maya")
        backend.allow(maya, "write")
        app = simulator.register_app(
            "orbits",
            webhook_url="http://bot.test/webhooks/github",
            webhook_secret="secret",
            permissions={"contents": "read", "issues": "write", "pull_requests": "read"},
            events=("pull_request", "push", "issue_comment"),
        )
        app.install_on(agency)
        pull = await maya.opens_pull_request(backend, "A change", {"a.py": "1\n"})
        await maya.comments(pull, "/orbits status")
        sha = await maya.merges(pull)
        await simulator.deliveries_settled()
        assert {attempt.status_code for attempt in simulator.deliveries} <= {200, 202}

    events = [parse(delivery.event, delivery.payload) for delivery in taken_in]
    kinds = [type(event) for event in events]
    assert kinds.count(InstallationChanged) == 1
    assert kinds.count(CommentCreated) == 1
    assert kinds.count(PullRequestClosed) == 1
    assert {delivery.repository for delivery in taken_in} == {None, "agency/backend"}
    assert merged(events) == [sha]
    pushed = [event.after for event in events if isinstance(event, Push) and event.branch == "main"]
    assert pushed == [sha]


def merged(events: list[Event | None]) -> list[str | None]:
    closed = [event for event in events if isinstance(event, PullRequestClosed)]
    return [event.pull_request.merge_commit_sha for event in closed if event.merged]
