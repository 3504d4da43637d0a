from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import httpx

from bot.simulated.slack import App, Channel, Member, SimulatedSlack
from tests.simulated.slack.conftest import Caller, Clock


class Text(HTMLParser):
    """What of a page can be read, without the column at the side."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += data.split()


async def page(browser: httpx.AsyncClient, path: str) -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


async def read(browser: httpx.AsyncClient, path: str) -> str:
    text = Text()
    text.feed((await page(browser, path)).partition("<main>")[2])
    return " ".join(text.words)


def button(text: str, **fields: Any) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": text}, **fields}


def marked(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


BLOCKS = [
    {"type": "header", "text": {"type": "plain_text", "text": "backend: 1 of 14 failed"}},
    {"type": "section", "text": marked("*acme* failed"), "accessory": button("Log")},
    {"type": "section", "fields": [marked("*Since*\n9:03"), marked("*Held*\nglobex")]},
    {"type": "actions", "elements": [button("Run", url="https://bot.test/7f3c", style="danger")]},
    {"type": "divider"},
    {"type": "context", "elements": [marked("type `/orbits retry acme`")]},
    {"type": "image", "image_url": "https://x.test/x.png", "alt_text": "a chart"},
]


async def test_a_channel_is_shown_as_it_was_written(
    *,
    bot: Caller,
    browser: httpx.AsyncClient,
    deploys: Channel,
    maya: Member,
    clock: Clock,
) -> None:
    deploys.topic = "Who got what"
    posted = await bot("chat_postMessage", channel=deploys.id, text="unseen", blocks=BLOCKS)
    clock.pass_by(timedelta(hours=4))
    deploys.says(maya, "On it", thread=deploys.messages[0])
    await bot("chat_update", channel=deploys.id, ts=posted["ts"], text="unseen")
    await bot("reactions_add", channel=deploys.id, timestamp=posted["ts"], name="rocket")
    clock.pass_by(timedelta(days=1))
    deploys.says(maya, "Thanks &lt;3")

    assert await read(browser, "/archives/deploys") == (
        "# deploys Who got what 2 members "
        "Sunday, March 1 "
        "O Orbits APP 9:00 AM backend: 1 of 14 failed acme failed Log Since 9:03 Held globex "
        "Run type /orbits retry acme (edited) 🚀 1 "
        "1 reply Last reply at 1:00 PM M maya 1:00 PM On it "
        "Monday, March 2 "
        "M maya 1:00 PM Thanks <3"
    )


async def test_buttons_lead_where_they_say(
    bot: Caller, browser: httpx.AsyncClient, deploys: Channel
) -> None:
    await bot("chat_postMessage", channel=deploys.id, text="x", blocks=BLOCKS)

    html = await page(browser, f"/archives/{deploys.id}")

    assert '<a class="button danger" href="https://bot.test/7f3c">Run</a>' in html
    assert '<span class="button">Log</span>' in html
    assert '<img class="large" src="https://x.test/x.png" alt="a chart">' in html


async def test_nothing_that_was_written_becomes_a_script(
    browser: httpx.AsyncClient, deploys: Channel, maya: Member
) -> None:
    deploys.says(maya, "&lt;script&gt;alert(1)&lt;/script&gt; <script> *<b>*")

    answer = await browser.get("/archives/deploys")

    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<script" not in answer.text
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self' https:; base-uri 'none'; "
        "form-action 'none'"
    )


async def test_a_permalink_shows_its_message(
    browser: httpx.AsyncClient, deploys: Channel, maya: Member
) -> None:
    root = deploys.says(maya, "Hello")
    reply = deploys.says(maya, "Anybody?", thread=root)

    first = await page(browser, deploys.permalink(root))
    second = await page(browser, deploys.permalink(reply))

    assert '<article id="p1772355600000000" class="linked">' in first
    assert '<article class="linked">' in second
    assert "linked" not in await page(browser, "/archives/deploys")


async def test_a_reply_for_everybody_is_shown_twice(
    bot: Caller, browser: httpx.AsyncClient, deploys: Channel, maya: Member
) -> None:
    root = deploys.says(maya, "1 failed")
    await bot(
        "chat_postMessage",
        channel=deploys.id,
        text="recovered",
        thread_ts=root.ts,
        reply_broadcast=True,
    )

    assert await read(browser, "/archives/deploys") == (
        "# deploys 2 members Sunday, March 1 M maya 9:00 AM 1 failed "
        "1 reply Last reply at 9:00 AM O Orbits APP 9:00 AM recovered "
        "O Orbits APP 9:00 AM replied to a thread recovered"
    )


async def test_a_page_looks_again_while_it_is_followed(
    browser: httpx.AsyncClient, deploys: Channel
) -> None:
    refresh = '<meta http-equiv="refresh" content="2">'

    assert refresh in await page(browser, "/archives/deploys?live=1")
    assert refresh not in await page(browser, "/archives/deploys")


async def test_all_channels_are_listed(
    browser: httpx.AsyncClient, slack: SimulatedSlack, app: App, deploys: Channel, maya: Member
) -> None:
    deploys.says(maya, "Hello")
    slack.channel("old").archive()
    secret = slack.channel("secret", private=True, topic="Hush")

    assert await read(browser, "/") == (
        "All channels simulated Slack # deploys 1 message · 2 members "
        "# old 0 messages · 0 members · archived secret 0 messages · 0 members · Hush"
    )
    assert await read(browser, "/archives/old") == (
        "# old 0 members Nobody has written anything in #old yet. #old is archived."
    )
    assert 'alt="🔒"' in await page(browser, f"/archives/{secret.id}")


async def test_there_may_be_nothing_to_see(
    browser: httpx.AsyncClient, deploys: Channel, slack: SimulatedSlack
) -> None:
    for path, error in [
        ("/archives/C0", "channel_not_found"),
        ("/archives/deploys/p1000000", "message_not_found"),
        ("/emoji/nothing.svg", "emoji_not_found"),
    ]:
        answer = await browser.get(path)
        assert (answer.status_code, error in answer.text) == (404, True)


async def test_what_pages_are_made_of_is_served(browser: httpx.AsyncClient) -> None:
    style, picture = await browser.get("/style.css"), await browser.get("/emoji/x.svg")

    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.text.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
