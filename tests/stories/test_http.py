"""What a load balancer, an operator and a stranger get to see over HTTP."""

import pytest

from tests.stories.conftest import NewWorld

READY = '{"status":"ready","role":"working","recovered":{"delivery":0,"branch":0}}'


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/healthz", 200, '{"status":"up"}'),
        ("GET", "/readyz", 200, READY),
        ("GET", "/webhooks/github", 405, "Method Not Allowed"),
        ("PUT", "/webhooks/github", 405, "Method Not Allowed"),
        ("POST", "/healthz", 405, "Method Not Allowed"),
        ("GET", "/webhooks/gitlab", 404, "Not Found"),
        ("GET", "/.env", 404, "Not Found"),
    ],
)
async def test_every_path_says_what_it_is_for(
    new_world: NewWorld, method: str, path: str, status: int, body: str
) -> None:
    world = await new_world(())

    async with world.process.client() as client:
        answer = await client.request(method, path)

    assert (answer.status_code, answer.text) == (status, body)


async def test_a_delivery_that_github_did_not_sign_is_refused_and_starts_nothing(
    new_world: NewWorld,
) -> None:
    world = await new_world(("acme",))
    world.agency.app.webhook_secret = "the secret of somebody else"
    await world.merges({"src/app.py": "VERSION = 2\n"})

    await world.settles()

    (refused,) = world.deliveries("pull_request", "closed")
    assert refused.status_code == 401
    assert refused.response_body == (
        '{"message":"The signature does not match. Set the same webhook secret in the App and in '
        'ORBITS_GITHUB_WEBHOOK_SECRET."}'
    )
    assert world.rollouts() == []
