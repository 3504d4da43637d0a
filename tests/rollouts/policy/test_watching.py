"""What `orbits.toml` says of drift, and of who is called when something goes wrong."""

from datetime import timedelta

import pytest

from bot.rollouts.policy.policy import Policy
from bot.rollouts.policy.problems import PolicyRefused
from bot.rollouts.policy.reading import read_policy
from bot.rollouts.policy.watching import Subject
from resources.model.resource import Severity


def told(text: str) -> str:
    with pytest.raises(PolicyRefused) as refused:
        read_policy(text)
    return str(refused.value)


def test_whoever_says_nothing_gets_an_issue_at_the_second_look() -> None:
    assert Policy().drift.model_dump() == {
        "detections": 2,
        "repository": None,
        "labels": (),
        "fix": False,
        "reopen_within": timedelta(days=14),
        "unable_after": 3,
        "umbrella_above": 20,
        "pause_in_freezes": False,
        "ignore": (),
    }
    assert Policy().alerts == ()


def test_all_that_can_be_said_is_read() -> None:
    policy = read_policy("""\
[drift]
detections = 3
repository = "agency/operations"
labels = ["watch"]
fix = true
reopen_within = "7d"
unable_after = 5
umbrella_above = 10
pause_in_freezes = true

[[drift.ignore]]
paths = ["*/files/*.log", "!*/files/audit.log"]
tenants = "tag:retail"

[[drift.ignore]]
paths = "backend/schema/table sessions"

[[alerts]]
to = "slack:#production"
tenants = "tag:production"
severity = "critical"
about = ["rollout", "drift"]
mention = "here"

[[alerts]]
to = "mail:ops@agency.example"
""")

    assert (policy.drift.detections, policy.drift.fix) == (3, True)
    assert policy.drift.reopen_within == timedelta(days=7)
    first, second = policy.drift.ignore
    assert first.paths == ("*/files/*.log", "!*/files/audit.log")
    assert (second.paths, second.tenants) == (("backend/schema/table sessions",), None)
    called, mailed = policy.alerts
    assert (called.to, called.severity, called.mention) == (
        "slack:#production",
        Severity.CRITICAL,
        "here",
    )
    assert called.about == (Subject.ROLLOUT, Subject.DRIFT)
    assert (mailed.to, mailed.severity, mailed.about) == (
        "mail:ops@agency.example",
        Severity.NOTICE,
        tuple(Subject),
    )


def test_what_is_wrong_is_said_line_by_line() -> None:
    assert (
        told("""\
[drift]
detection = 3
repository = "agency"
fix = "yes"
[[drift.ignore]]
path = "files/*.log"
[[alerts]]
to = "#deploys"
severity = "high"
about = ["rollouts"]
mention = "@here"
""")
        == """\
`orbits.toml` cannot be used. Nothing was started.
- line 2: `drift.detection` is unknown. Did you mean `detections`?
- line 3: `drift.repository` is `"agency"`: write a repository as `"owner/name"`.
- line 4: `drift.fix` is neither `true` nor `false`.
- line 5: `drift.ignore[0].paths` is missing.
- line 6: `drift.ignore[0].path` is unknown. Did you mean `paths`?
- line 8: `alerts[0].to` is `"#deploys"`, which is no channel: write such as \
`"slack:#deploys"`, `"webhook"` or `"mail:ops@agency.example"`.
- line 9: `alerts[0].severity` is `"high"`. There are: `notice`, `warning` and `critical`.
- line 10: `alerts[0].about[0]` is `"rollouts"`. Did you mean `rollout`?
- line 11: `alerts[0].mention` is `"@here"`: write `"here"`, `"channel"`, or the id of a person \
or a group of Slack, such as `"U024BE7LH"` or `"S0614TZR7"`."""
    )


def test_one_table_where_there_may_be_many_says_so() -> None:
    assert "`alerts` is one table: write `[[alerts]]` above each." in told(
        '[alerts]\nto = "webhook"\n'
    )
