"""What the issue of a tenant that is not as it should be says, whole."""

from dataclasses import replace
from datetime import UTC, datetime

from bot.report import drift
from bot.report.drift import body, labels, title
from bot.report.drifting import (
    ChangedFacts,
    DifferenceFacts,
    DriftFacts,
    FixFacts,
    ServiceFacts,
    Telling,
    UmbrellaFacts,
    UnableFacts,
)
from bot.report.drifts_together import umbrella_body, umbrella_title
from resources.model.resource import Severity

KEY = "<!-- orbits: drift acme -->"
NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)
TEN = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)

ONE = DriftFacts(
    tenant="acme",
    telling=Telling.OPEN,
    differences=(DifferenceFacts("files/app.conf", "port=80", "port=8080"),),
    total=1,
    since=NINE,
    services=(ServiceFacts("backend", "a1b2c3d4e5"),),
)


def many(count: int) -> tuple[DifferenceFacts, ...]:
    return tuple(
        DifferenceFacts(f"files/{number:03}.conf", "on", "off", Severity.NOTICE)
        for number in range(count)
    )


def test_what_differs_is_said_with_what_it_should_be() -> None:
    facts = replace(
        ONE,
        differences=(
            DifferenceFacts("files/motd", "hello", None, Severity.NOTICE),
            DifferenceFacts("files/app.conf", "port=80", "port=8080"),
            DifferenceFacts("schema/orders.total", None, "integer", Severity.CRITICAL),
        ),
        total=3,
        services=(
            ServiceFacts("backend", "a1b2c3d4e5"),
            ServiceFacts("frontend", "9f8e7d6c5b", "held until 2026-03-04 09:00 UTC by maya"),
        ),
    )

    assert title(facts) == "acme is not as it should be"
    assert body(facts, KEY) == (
        "<!-- orbits: drift acme -->\n"
        "\n"
        "### acme is not as it should be: 3 differences\n"
        "Since 2026-03-01 09:00 UTC · `backend` should be at a1b2c3d · `frontend` should be at "
        "9f8e7d6 (held until 2026-03-04 09:00 UTC by maya)\n"
        "\n"
        "| Path | Desired | Observed |\n"
        "|---|---|---|\n"
        "| ❗ `schema/orders.total` | none | `integer` |\n"
        "| ⚠️ `files/app.conf` | `port=80` | `port=8080` |\n"
        "| ℹ️ `files/motd` | `hello` | none |\n"  # noqa: RUF001
        "\n"
        "Next: `/orbits drift fix` · `/orbits drift ack --until 3d` · `/orbits drift ignore` · "
        "`/orbits drift check`\n"
    )
    assert labels(facts, ("drift", "ops")) == ("orbits: drift", "orbits: critical", "drift", "ops")


def test_who_acknowledged_it_is_said_and_what_was_tried() -> None:
    facts = replace(
        ONE,
        telling=Telling.ACKNOWLEDGED,
        by="maya",
        until=TEN,
        reason="the client is told",
        fix=FixFacts(2, "rowan", "The step `put-files` failed."),
        comes_back=3,
    )

    assert body(facts, KEY).partition("`port=8080` |\n")[2] == (
        "\n"
        "It was tried 2 times to repair this, last for rowan: The step `put-files` failed.\n"
        "\n"
        "Acknowledged by maya until 2026-03-01 10:30 UTC: the client is told\n"
        "\n"
        "It comes and goes: it was opened again 3 times within a day. It is closed when several "
        "looks in a row have found nothing.\n"
        "\n"
        "Next: `/orbits drift fix` · `/orbits drift ack --until 3d` · `/orbits drift ignore` · "
        "`/orbits drift check`\n"
    )
    assert labels(facts) == (
        "orbits: drift",
        "orbits: warning",
        "orbits: acknowledged",
        "orbits: flapping",
    )


def test_a_repair_by_the_policy_is_said_to_go_on() -> None:
    facts = replace(ONE, fix=FixFacts(1, "orbits", goes_on=True))
    said = "It was tried 1 time to repair this, last by itself: that goes on."
    assert said in body(facts, KEY).split("\n")


def test_closed_by_hand_it_is_acknowledged_until_it_changes() -> None:
    facts = replace(ONE, telling=Telling.ACKNOWLEDGED, by="maya", hidden=True)
    said = "Acknowledged by maya, by closing this issue, until it changes."
    assert said in body(facts, KEY).split("\n")


def test_a_cycle_that_cannot_run_is_never_no_drift() -> None:
    nothing = DriftFacts("acme", Telling.NOTHING)
    unable = UnableFacts(TEN, "ssh: connect to host acme.example port 22: Connection refused")
    facts = replace(nothing, unable=unable)

    assert title(facts) == "acme cannot be looked at for drift"
    assert body(facts, KEY) == (
        "<!-- orbits: drift acme -->\n"
        "\n"
        "### acme cannot be looked at for drift\n"
        "\n"
        "The cycle could not run since 2026-03-01 10:30 UTC. This does not mean that there is no "
        "drift.\n"
        "\n"
        "```text\n"
        "ssh: connect to host acme.example port 22: Connection refused\n"
        "```\n"
        "\n"
        "Next: `/orbits drift check`\n"
    )
    assert labels(facts) == ("orbits: drift", "orbits: unable")
    assert labels(replace(ONE, unable=unable)) == (
        "orbits: drift",
        "orbits: warning",
        "orbits: unable",
    )


def test_an_ended_drift_says_since_when_and_by_whom() -> None:
    facts = replace(ONE, telling=Telling.RESOLVED, clean_since=TEN)
    fixed = replace(facts, fix=FixFacts(1, "maya"))

    assert body(fixed, KEY) == (
        "<!-- orbits: drift acme -->\n"
        "\n"
        "### acme is as it should be\n"
        "Clean since 2026-03-01 10:30 UTC, fixed by maya.\n"
        "\n"
        "A tenant that drifts again within the time that the policy names opens it again.\n"
    )
    assert labels(fixed) == ("orbits: drift",)
    assert drift.remark_of_end(fixed) == "Clean since 2026-03-01 10:30 UTC: fixed by @maya.\n"
    assert drift.remark_of_end(facts) == (
        "Clean since 2026-03-01 10:30 UTC: a look found nothing that differs.\n"
    )
    by_itself = replace(facts, fix=FixFacts(1, "orbits"))
    assert drift.remark_of_end(by_itself) == (
        "Clean since 2026-03-01 10:30 UTC: fixed by itself.\n"
    )


def test_what_is_accepted_says_by_whom() -> None:
    facts = replace(ONE, telling=Telling.IGNORED, by="maya", reason="a test of theirs")
    assert body(facts, KEY) == (
        "<!-- orbits: drift acme -->\n"
        "\n"
        "### acme differs from what it should be, and that is accepted\n"
        "\n"
        "Accepted by maya: a test of theirs\n"
        "\n"
        "A tenant that drifts again within the time that the policy names opens it again.\n"
    )


def test_what_was_found_but_once_is_nothing_yet() -> None:
    assert body(DriftFacts("acme", Telling.NOTHING), KEY) == (
        "<!-- orbits: drift acme -->\n"
        "\n"
        "### acme can be looked at again, or is not looked at any more\n"
        "\n"
        "A tenant that drifts again within the time that the policy names opens it again.\n"
    )


def test_what_is_told_elsewhere_says_where() -> None:
    assert body(replace(ONE, elsewhere="agency/ops"), KEY) == (
        "<!-- orbits: drift acme -->\n"
        "\n"
        "### acme is told of elsewhere\n"
        "Since 2026-03-01 09:00 UTC · `backend` should be at a1b2c3d\n"
        "\n"
        "It is told of in agency/ops.\n"
    )


def test_above_twenty_they_are_folded_away_and_what_is_not_kept_is_counted() -> None:
    text = body(replace(ONE, differences=many(22), total=30), KEY)

    assert text.startswith(f"{KEY}\n\n### acme is not as it should be: 30 differences\n")
    assert "| ℹ️ `files/019.conf` | `on` | `off` |\n\n<details>" in text  # noqa: RUF001
    assert text.partition("<details>")[2].partition("Next")[0] == (
        "<summary>10 more differences</summary>\n"
        "\n"
        "| Path | Desired | Observed |\n"
        "|---|---|---|\n"
        "| ℹ️ `files/020.conf` | `on` | `off` |\n"  # noqa: RUF001
        "| ℹ️ `files/021.conf` | `on` | `off` |\n"  # noqa: RUF001
        "\n"
        "8 more differ that are not kept here.\n"
        "\n"
        "</details>\n"
        "\n"
    )


def test_it_stays_short_enough_for_github() -> None:
    value = "`|\\x" * 200
    long = tuple(DifferenceFacts(f"{number:03}{value}", value, value) for number in range(200))
    unable = UnableFacts(TEN, "line\n" * 10_000 + "the cause")
    facts = replace(
        ONE,
        telling=Telling.ACKNOWLEDGED,
        by="x" * 1000,
        reason="<" * 5000,
        differences=long,
        total=100_000,
        services=tuple(ServiceFacts(f"s{n}", "a1b2c3d", "held " * 100) for n in range(100)),
        fix=FixFacts(3, "maya", "&" * 5000),
        unable=unable,
    )

    text = body(facts, KEY)

    assert len(text) < 65_536
    assert len(text) <= drift.LONGEST
    assert "characters cut here]\n" in text
    assert "the cause\n```" in text
    assert " more, not listed here." in text


def test_what_others_wrote_does_nothing_but_be_read() -> None:
    odd = DifferenceFacts("a|b`c`@maya", "<b>x</b>\n\n# no", "#1 | @rowan")
    facts = replace(ONE, tenant="acme", differences=(odd,), reason="<script> @maya", by="maya")

    (row,) = [line for line in body(facts, KEY).split("\n") if line.startswith("| ⚠️")]

    assert row == "| ⚠️ `a\\|b'c'@maya` | `<b>x</b> # no` | `#1 \\| @rowan` |"


def test_a_remark_says_what_changed() -> None:
    facts = ChangedFacts(("files/a",), ("files/b",), ("files/c", "files/d"), 5)
    assert drift.remark_of_change(facts) == (
        "What differs has changed: 1 new, 1 changed, 2 as desired again; 5 differences now.\n"
        "\n"
        "- new: `files/a`\n"
        "- changed: `files/b`\n"
        "- as desired again: `files/c`\n"
        "- as desired again: `files/d`\n"
    )
    assert drift.remark_of_change(ChangedFacts(now=2)) == (
        "The time for which this was acknowledged is over, and it is still so.\n"
    )
    crowd = ChangedFacts(new=tuple(f"files/{number}" for number in range(25)), now=25)
    assert drift.remark_of_change(crowd).split("\n")[-3:] == [
        "- new: `files/19`",
        "- … and 5 more",
        "",
    ]
    assert drift.remark_of_return(ONE) == "It drifts again: 1 difference.\n"


def test_many_tenants_are_told_of_together() -> None:
    worse = replace(
        ONE,
        tenant="zeta",
        differences=(DifferenceFacts("schema", "1", "2", Severity.CRITICAL),),
        telling=Telling.ACKNOWLEDGED,
        by="maya",
    )
    facts = UmbrellaFacts("agency/backend", (ONE, worse))
    key = "<!-- orbits: drifts of agency/backend -->"

    assert umbrella_title(facts) == "Tenants of agency/backend are not as they should be"
    assert umbrella_body(facts, key) == (
        "<!-- orbits: drifts of agency/backend -->\n"
        "\n"
        "### 2 tenants of agency/backend are not as they should be\n"
        "So many drift that they are told of together. `/orbits status TENANT` says more of one.\n"
        "\n"
        "| Tenant | Differences | Since |\n"
        "|---|---|---|\n"
        "| zeta | ❗ 1, acknowledged by maya | 2026-03-01 09:00 UTC |\n"
        "| acme | ⚠️ 1 | 2026-03-01 09:00 UTC |\n"
        "\n"
        "Next: `/orbits drift fix TENANT` · `/orbits drift ack all --until 3d`\n"
    )
    assert umbrella_body(UmbrellaFacts("agency/backend"), key) == (
        "<!-- orbits: drifts of agency/backend -->\n"
        "\n"
        "### Nobody more of agency/backend is told of here\n"
    )
    crowd = tuple(replace(ONE, tenant=f"tenant-{number}") for number in range(3000))
    assert len(umbrella_body(UmbrellaFacts("agency/backend", crowd), key)) < drift.LONGEST
