"""What an alert says, whole, in each of the ways that it is said."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.report.alert import Alert, Detail, Link, Verdict, as_json, plain_text
from bot.report.slack import blocks, called, detail_blocks, detail_text, harmless, notification
from bot.simulated.slack.contents import content_of
from bot.simulated.slack.messages import Message
from bot.simulated.slack.workspace import Member
from tests.report.rollouts import ANY_TEXT

PULL = "https://github.com/agency/backend/pull/381"
ONE_FAILED = Alert(
    subject="rollout/7",
    about="rollout",
    verdict=Verdict.FAILING,
    severity="critical",
    title="backend → a1b2c3d: 11 of 14 tenants updated, 1 failed, 2 held",
    what="step `sql-migrate`: `alembic upgrade head` ended with status 3",
    tenants=("acme",),
    since='#381 "Use new session store"',
    by="maria",
    spreading="no, it waits, and 2 held back · stopped by the failure limit (1)",
    done="rolled acme back to 9f8e7d6",
    commands=("/orbits retry acme", "/orbits rollback"),
    links=(Link("agency/backend#381", PULL), Link("the checks", f"{PULL}/checks")),
    details=(
        Detail("acme", "step `sql-migrate`: status 3 · run 7f3c", "INFO  up\nERROR no relation\n"),
    ),
)


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def test_a_failure_answers_the_eight_questions_in_slack() -> None:
    assert notification(ONE_FAILED) == (
        "❌ backend → a1b2c3d: 11 of 14 tenants updated, 1 failed, 2 held"
    )
    fields = (
        "*For whom*\nacme",
        '*Since*\n#381 "Use new session store"',
        "*By*\nmaria",
        "*Still spreading*\nno, it waits, and 2 held back · stopped by the failure limit (1)",
    )
    look = f"Look at <{PULL}|agency/backend#381> · <{PULL}/checks|the checks>"
    assert blocks(ONE_FAILED) == (
        {
            "type": "header",
            "text": {
                "type": "plain_text",
                "text": "❌ backend → a1b2c3d: 11 of 14 tenants updated, 1 failed, 2 held",
            },
        },
        section("*What*\nstep `sql-migrate`: `alembic upgrade head` ended with status 3"),
        {
            "type": "section",
            "fields": [{"type": "mrkdwn", "text": text, "verbatim": True} for text in fields],
        },
        section("*Done by itself*\nrolled acme back to 9f8e7d6"),
        section(
            "*Type now*\non agency/backend#381: /orbits retry acme or /orbits rollback",
        ),
        {
            "type": "context",
            "elements": [{"type": "mrkdwn", "text": look, "verbatim": True}],
        },
    )


def test_a_detail_shows_what_was_printed() -> None:
    (detail,) = ONE_FAILED.details
    assert detail_text(detail) == "acme: step `sql-migrate`: status 3 · run 7f3c"
    assert detail_blocks(detail) == (
        section("*acme*: step `sql-migrate`: status 3 · run 7f3c"),
        section("```\nINFO  up\nERROR no relation\n```"),
    )


def test_a_failure_answers_the_eight_questions_in_a_mail() -> None:
    assert (
        plain_text(ONE_FAILED)
        == f"""\
❌ backend → a1b2c3d: 11 of 14 tenants updated, 1 failed, 2 held

What: step `sql-migrate`: `alembic upgrade head` ended with status 3
For whom: acme
Since: #381 "Use new session store"
By: maria
Still spreading: no, it waits, and 2 held back · stopped by the failure limit (1)
Done by itself: rolled acme back to 9f8e7d6
Type now: on agency/backend#381: /orbits retry acme or /orbits rollback
Look at: {PULL}
Look at: {PULL}/checks

acme: step `sql-migrate`: status 3 · run 7f3c
    INFO  up
    ERROR no relation
"""
    )


def test_a_failure_answers_the_eight_questions_in_json() -> None:
    assert as_json(ONE_FAILED) == {
        "version": 1,
        "subject": "rollout/7",
        "about": "rollout",
        "verdict": "failing",
        "severity": "critical",
        "title": "backend → a1b2c3d: 11 of 14 tenants updated, 1 failed, 2 held",
        "what": "step `sql-migrate`: `alembic upgrade head` ended with status 3",
        "tenants": ["acme"],
        "since": '#381 "Use new session store"',
        "by": "maria",
        "still_spreading": "no, it waits, and 2 held back · stopped by the failure limit (1)",
        "done_by_itself": "rolled acme back to 9f8e7d6",
        "commands": ["/orbits retry acme", "/orbits rollback"],
        "links": [
            {"title": "agency/backend#381", "url": PULL},
            {"title": "the checks", "url": f"{PULL}/checks"},
        ],
        "details": [
            {
                "name": "acme",
                "text": "step `sql-migrate`: status 3 · run 7f3c",
                "tail": "INFO  up\nERROR no relation\n",
            }
        ],
    }


def test_many_tenants_are_counted() -> None:
    alert = replace(ONE_FAILED, tenants=tuple(f"shop-{number}" for number in range(14)))

    assert alert.whom == ", ".join(f"shop-{number}" for number in range(10)) + " and 4 more"


def test_links_lead_to_github_alone() -> None:
    urls = (
        "https://github.com/agency/backend/pull/1",
        "http://github.com/agency/backend/pull/1",
        "https://github.com.evil.test/x",
        "https://github.com@evil.test/x",
        "https://github.com/a|b>",
        "javascript:alert(1)",
        "https://[",
    )
    alert = replace(ONE_FAILED, links=tuple(Link("x", url) for url in urls))

    assert [link.url for link in alert.places] == [urls[0]]
    assert replace(alert, host="git.agency.example").places == ()


def test_what_others_wrote_calls_nobody_and_links_nowhere() -> None:
    title = "<!channel> <@U123> @here #deploys https://evil.test www.evil.test <https://x|y> & co"

    assert harmless(title, 600) == (
        "&lt;!channel&gt; &lt;@\u200bU123&gt; @\u200bhere #\u200bdeploys https:\u200b//evil.test "
        "www\u200b.evil.test &lt;https:\u200b//x|y&gt; &amp; co"
    )


def test_whom_a_mention_calls() -> None:
    assert [called(each) for each in ("here", "channel", "U024BE7LH", "S0614TZR7")] == [
        "<!here>",
        "<!channel>",
        "<@U024BE7LH>",
        "<!subteam^S0614TZR7>",
    ]


@st.composite
def any_alert(draw: st.DrawFn) -> Alert:
    text = ANY_TEXT | ANY_TEXT.map(lambda each: each * 100)
    return Alert(
        subject="rollout/7",
        about="rollout",
        verdict=draw(st.sampled_from(Verdict)),
        severity="critical",
        title=draw(text),
        what=draw(text),
        tenants=tuple(draw(st.lists(text, max_size=3))) * draw(st.integers(1, 9)),
        since=draw(text),
        by=draw(text),
        spreading=draw(text),
        done=draw(text),
        commands=tuple(draw(st.lists(ANY_TEXT, max_size=6))),
        links=tuple(Link(draw(text), url) for url in draw(st.lists(st.just(PULL) | text))),
        details=tuple(draw(st.lists(st.builds(Detail, text, text, text), max_size=3))),
    )


@given(any_alert())
def test_whatever_was_written_slack_takes_it_and_nobody_is_called(alert: Alert) -> None:
    details = [(detail_text(each), detail_blocks(each)) for each in alert.details]
    for text, said in [(notification(alert), blocks(alert)), *details]:
        content = content_of(text=text, blocks=list(said), changed=True)
        message = Message("1.0", Member("U1", "orbits"), content)
        assert message.mentions == []
        assert len(text) < 4_000


@given(any_alert())
def test_whatever_was_written_a_mail_is_bounded_and_json_is_json(alert: Alert) -> None:
    assert len(plain_text(alert)) < 41_000
    assert "\n" not in alert.heading
    assert json.loads(json.dumps(as_json(alert)))["version"] == 1
