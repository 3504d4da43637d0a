import httpx
import pytest

from bot.simulated.slack import App, Channel, Member, SimulatedSlack, SlackRefused
from tests.simulated.slack.conftest import Caller, calling


async def test_a_token_says_who_calls(bot: Caller, slack: SimulatedSlack, app: App) -> None:
    assert await bot("auth_test") == {
        "ok": True,
        "url": f"{slack.address}/",
        "team": "Agency",
        "user": "Orbits",
        "team_id": slack.workspace.id,
        "user_id": app.member.id,
        "bot_id": app.member.bot_id,
        "is_enterprise_install": False,
    }


async def test_tokens_end(bot: Caller, slack: SimulatedSlack, app: App) -> None:
    assert await calling(slack, None).error("auth_test") == "not_authed"
    assert await calling(slack, "xoxb-unknown").error("auth_test") == "invalid_auth"

    app.revoke_token()
    assert await bot.error("auth_test") == "token_revoked"

    renewed = calling(slack, app.new_token())
    assert (await renewed("auth_test"))["user"] == "Orbits"
    app.uninstall()
    assert await renewed.error("auth_test") == "account_inactive"


async def test_a_token_may_come_in_a_form_but_not_in_json(
    browser: httpx.AsyncClient, app: App, deploys: Channel
) -> None:
    body = {"token": app.token, "channel": deploys.id, "text": "x"}

    form = await browser.post("/api/chat.postMessage", data=body)
    sent_as_json = await browser.post("/api/chat.postMessage", json=body)

    assert form.json()["ok"] is True
    assert sent_as_json.json() == {"ok": False, "error": "not_authed"}


async def test_scopes_are_needed(slack: SimulatedSlack, deploys: Channel) -> None:
    reader = slack.app("Reader", scopes=("channels:history",))
    reader.join(deploys)
    caller = calling(slack, reader.token)

    refused = await caller.refused("chat_postMessage", channel=deploys.id, text="x")

    assert refused.data == {
        "ok": False,
        "error": "missing_scope",
        "needed": "chat:write",
        "provided": "channels:history",
    }
    assert refused.status_code == 200
    secret = slack.channel("secret", private=True)
    reader.join(secret)
    assert (await caller.refused("conversations_history", channel=secret.id))["needed"] == (
        "groups:history"
    )


async def test_an_app_writes_where_it_is(bot: Caller, slack: SimulatedSlack) -> None:
    drift, secret = slack.channel("drift"), slack.channel("secret", private=True)
    anywhere = slack.app("Crier", scopes=("chat:write", "chat:write.public"))
    crier = calling(slack, anywhere.token)

    for channel, error in [
        (drift.id, "not_in_channel"),
        (secret.id, "channel_not_found"),
        ("C0", "channel_not_found"),
    ]:
        assert await bot.error("chat_postMessage", channel=channel, text="x") == error
    await crier("chat_postMessage", channel=drift.id, text="Hear ye")
    assert await crier.error("chat_postMessage", channel=secret.id, text="x") == (
        "channel_not_found"
    )
    assert [each.text for each in drift.messages] == ["Hear ye"]


async def test_a_name_is_enough_only_to_post(bot: Caller, deploys: Channel) -> None:
    posted = await bot("chat_postMessage", channel="deploys", text="x")

    error = await bot.error("chat_update", channel="#deploys", ts=posted["ts"], text="y")

    assert error == "channel_not_found"


async def test_an_archived_channel_is_closed(bot: Caller, deploys: Channel, maya: Member) -> None:
    posted = await bot("chat_postMessage", channel=deploys.id, text="x")
    wanted = {"channel": deploys.id, "text": "y"}
    deploys.archive()

    assert await bot.error("chat_postMessage", **wanted) == "is_archived"
    assert await bot.error("chat_update", ts=posted["ts"], **wanted) == "is_inactive"
    assert await bot.error("conversations_join", channel=deploys.id) == "is_archived"
    with pytest.raises(SlackRefused, match="is_archived"):
        deploys.says(maya, "Hello?")
    deploys.unarchive()
    assert (await bot("chat_update", ts=posted["ts"], **wanted))["text"] == "y"


async def test_a_channel_may_be_closed_to_apps(bot: Caller, deploys: Channel) -> None:
    deploys.restricted = True

    error = await bot.error("chat_postMessage", channel=deploys.id, text="x")

    assert error == "restricted_action"


async def test_arguments_are_needed(bot: Caller) -> None:
    refused = await bot.refused("api_call", api_method="chat.postMessage", json={"text": "x"})

    assert refused.data == {
        "ok": False,
        "error": "invalid_arguments",
        "response_metadata": {"messages": ["[ERROR] missing required field: channel"]},
    }


async def test_there_are_methods_that_do_not_exist(bot: Caller) -> None:
    refused = await bot.refused("api_call", api_method="chat.shout")

    assert refused.data == {"ok": False, "error": "unknown_method", "req_method": "chat.shout"}


@pytest.mark.parametrize(
    ("content", "kind", "error"),
    [
        ("{", "application/json", "invalid_json"),
        ("[]", "application/json", "json_not_object"),
        ("x", "application/xml", "invalid_post_type"),
    ],
)
async def test_bodies_are_in_order(
    browser: httpx.AsyncClient, app: App, content: str, kind: str, error: str
) -> None:
    headers = {"authorization": f"Bearer {app.token}", "content-type": kind}

    answer = await browser.post("/api/chat.postMessage", content=content, headers=headers)

    assert answer.json() == {"ok": False, "error": error}


async def test_blocks_are_refused_with_reasons(bot: Caller, deploys: Channel) -> None:
    blocks = [{"type": "divider"}, {"type": "marquee"}, {"type": "header"}]

    refused = await bot.refused("chat_postMessage", channel=deploys.id, text="x", blocks=blocks)

    marquee = "unsupported type: marquee [json-pointer:/blocks/1/type]"
    header = "must provide an object [json-pointer:/blocks/2/text]"
    assert refused.data == {
        "ok": False,
        "error": "invalid_blocks",
        "errors": [marquee, header],
        "response_metadata": {"messages": [f"[ERROR] {marquee}", f"[ERROR] {header}"]},
    }
    assert deploys.messages == []
