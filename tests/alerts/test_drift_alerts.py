"""Drift is told when it is found, and when it is over; and that a tenant cannot be looked at."""

from datetime import timedelta
from typing import Any

from bot.store.tables import Drift, KeptPolicy, Notice, Watch
from tests.alerts.newsroom import Newsroom, answers

CONF = {"path": "files/app.conf", "desired": "secret-1", "observed": "secret-2"}


def drift(room: Newsroom, phase: str = "open", tenant: str = "acme", **facts: Any) -> Drift:
    now = room.clock.now()
    severity = facts.pop("severity", "warning")
    given = {"found_at": now, "opened_at": now, "total": 1, "detections": 2, **facts}
    return Drift(
        tenant=tenant,
        repository="agency/backend",
        phase=phase,
        differences=[{**CONF, "severity": severity}],
        **given,
    )


async def looks(room: Newsroom, row: Drift) -> None:
    await room.look(f"drift/{row.tenant}", f"drift-alert:{row.tenant}", row)


async def test_drift_is_one_message_until_it_is_over(room: Newsroom) -> None:
    row = drift(room)
    await looks(room, row)
    assert room.title == "⚠️ acme drifts"
    assert answers(room.message) == {
        "What": "1 difference: `files/app.conf`",
        "For whom": "acme",
        "Since": "2026-11-02 09:30 UTC",
        "Type now": "on agency/backend: /orbits drift fix or /orbits drift ack",
    }
    assert "secret" not in str(room.message.blocks)

    row.phase, row.fix, row.fixed_by = "resolved", 1, "maria"
    await looks(room, row)

    assert room.title == "✅ acme is as desired again"
    assert answers(room.message)["Done by itself"] == "repaired once, asked for by maria"
    assert room.message.edits == 1


async def test_its_issue_is_where_to_look(room: Newsroom) -> None:
    issue = Notice(
        key="issue/agency/backend/acme",
        account="agency",
        kind="issue",
        target={},
        source="drift:acme",
        rank=1,
        due=False,
        number=12,
    )
    await room.look("drift/acme", "drift-alert:acme", issue, drift(room))

    look = room.message.blocks[-1]["elements"][0]["text"]
    assert look == ("Look at <https://github.com/agency/backend/issues/12|agency/backend#12>")


async def test_what_was_found_once_is_not_told(room: Newsroom) -> None:
    await looks(room, drift(room, "detected", opened_at=None))

    assert room.slack.requests == []


async def test_one_that_comes_back_is_told_anew(room: Newsroom) -> None:
    row = drift(room)
    await looks(room, row)
    row.phase = "resolved"
    await looks(room, row)
    room.clock.pass_by(timedelta(days=2))
    row.phase, row.reopened = "open", [room.clock.now().isoformat()]
    await looks(room, row)

    assert [each.text for each in room.deploys.messages] == [
        "✅ acme is as desired again",
        "⚠️ acme drifts",
    ]


async def test_one_that_grows_critical_calls_somebody_once(room: Newsroom) -> None:
    policy = '[[alerts]]\nto = "slack:#deploys"\nmention = "U024BE7LH"\nabout = ["drift"]'
    kept = KeptPolicy(repository="agency/backend", text=policy, read_at=room.clock.now())
    opened_at = room.clock.now()
    await room.look("drift/acme", "drift-alert:acme", kept, drift(room))
    assert room.message.mentions == []

    for _ in range(2):
        await looks(room, drift(room, opened_at=opened_at, severity="critical"))

    (call,) = [each for each in room.deploys.everything if each.broadcast]
    assert call.mentions == ["<@U024BE7LH>"]


async def test_an_issue_elsewhere_goes_by_the_routes_of_the_services(room: Newsroom) -> None:
    oncall = room.slack.channel("oncall")
    room.app.join(oncall)
    policy = '[[alerts]]\nto = "slack:#oncall"'
    now = room.clock.now()
    kept = [
        KeptPolicy(repository=f"agency/{name}", text=text, read_at=now)
        for name, text in (("auth", "rollout = ["), ("frontend", policy))
    ]
    await room.look("drift/acme", "drift-alert:acme", *kept, drift(room))

    assert len(oncall.messages) == 1


async def test_above_some_they_are_one_message(room: Newsroom) -> None:
    for name in ("hooli", "initech"):
        await looks(room, drift(room, tenant=name, umbrella=True))
    assert room.title == "⚠️ 2 more tenants of agency/backend drift"

    for name in ("hooli", "initech"):
        await looks(room, drift(room, "resolved", tenant=name, umbrella=True))
    assert room.title == "✅ The other tenants of agency/backend are as desired again"


async def test_many_who_drift_long_after_others_did_are_told_anew(room: Newsroom) -> None:
    row = drift(room, tenant="hooli", umbrella=True)
    await looks(room, row)
    room.clock.pass_by(timedelta(days=1))
    row.phase, row.resolved_at = "resolved", room.clock.now()
    await looks(room, row)
    room.clock.pass_by(timedelta(days=60))

    await looks(room, drift(room, tenant="initech", umbrella=True))

    assert [each.text for each in room.deploys.messages] == [
        "✅ The other tenants of agency/backend are as desired again",
        "⚠️ 1 more tenant of agency/backend drift",
    ]


async def test_many_are_one_message_while_any_of_them_drifts(room: Newsroom) -> None:
    first, second = (drift(room, tenant=name, umbrella=True) for name in ("hooli", "initech"))
    await looks(room, first)
    room.clock.pass_by(timedelta(days=2))
    second.opened_at = room.clock.now()
    await looks(room, second)
    room.clock.pass_by(timedelta(days=2))
    first.phase, first.resolved_at = "resolved", room.clock.now()
    await looks(room, first)
    assert room.title == "⚠️ 1 more tenant of agency/backend drift"

    second.phase, second.by = "acknowledged", "maria"
    await looks(room, second)
    assert room.title == "👀 The other tenants of agency/backend drift, and somebody knows"

    second.phase = "ignored"
    await looks(room, second)
    assert room.title == (
        "✅ The other tenants of agency/backend are as desired again, or accepted as they are"
    )
    assert len(room.deploys.messages) == 1


async def test_a_tenant_that_cannot_be_looked_at_is_told_until_it_can(room: Newsroom) -> None:
    async def watch(**facts: Any) -> None:
        row = Watch(tenant="acme", failures=3, **facts)
        await room.look("watch/acme", "watch-alert:acme", row)

    await watch()
    assert room.deploys.messages == []
    await watch(unable_since=room.clock.now(), problem="the account is closed")
    assert room.title == "⚠️ acme cannot be looked at for drift"
    assert answers(room.message)["What"] == "the account is closed"
    assert answers(room.message)["Still spreading"] == "nobody knows whether it drifts"

    await watch(unable_since=None)
    assert room.title == "✅ acme can be looked at for drift again"
    room.clock.pass_by(timedelta(days=1))
    await watch(unable_since=room.clock.now(), problem="the account is closed")

    assert len(room.deploys.messages) == 2


async def test_one_that_somebody_knows_of_says_so(room: Newsroom) -> None:
    row = drift(room)
    await looks(room, row)
    row.phase, row.by, row.reason = "acknowledged", "maria", "on Monday"
    await looks(room, row)

    assert room.title == "👀 acme drifts, and somebody knows"
    assert answers(room.message)["By"] == "maria: on Monday"
