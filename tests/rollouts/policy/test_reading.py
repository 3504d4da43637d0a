"""What an `orbits.toml` may say, and what its author is told where it says something else."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rollouts.policy.policy import OnFailure, Policy
from bot.rollouts.policy.problems import PolicyRefused, Problem
from bot.rollouts.policy.quantities import Amount
from bot.rollouts.policy.reading import LARGEST, read_policy
from bot.rollouts.policy.tables import OnceFreeze, WeeklyFreeze
from resources.errors import Refused

WHOLE = """\
[rollout]                        # defaults for every service of this repository
waves = ["ring:canary", "25%", "10", "rest"]
bake = "10m"
failure_limit = 1
approve_above = 50
on_failure = "leave"
on_push = true
deployments = true
supersede = false

[services.backend]
after = ["auth"]
bake = ["1m", "1h30m", "2d", "0s"]
failure_limit = [3, "10%"]

[[freezes]]
name = "christmas"
from = "2026-12-20T18:00"
until = 2027-01-02T08:00:00
zone = "Europe/Berlin"
tenants = "tag:retail"

[[freezes]]
name = "weekend"
days = ["fri", "sat", "sun"]
from = "16:00"
until = "24:00"
zone = "America/New_York"

[[rules]]
who = ["@Maria", "team:agency/ops", "role:maintain"]
verbs = ["rollback", "drift fix"]
tenants = "ring:production"
"""


def told(text: str) -> list[str]:
    """Answer the problems that the author of a text is told."""
    with pytest.raises(PolicyRefused) as refused:
        read_policy(text)
    first, *problems = str(refused.value).splitlines()
    assert first == "`orbits.toml` cannot be used. Nothing was started."
    return [problem.removeprefix("- ") for problem in problems]


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "\ufeff", "[rollout]\n"])
def test_a_repository_that_says_nothing_has_one_wave_and_no_conditions(text: str) -> None:
    policy = read_policy(text)

    assert policy == Policy() or text == "[rollout]\n"
    way = policy.service("backend")
    assert [portion.text for portion in way.waves] == ["rest"]
    assert way.pause_of_each == (timedelta(),)
    assert (way.failure_limits, way.approve_above) == ((), None)
    assert way.on_failure is OnFailure.ROLL_BACK
    assert (way.on_push, way.deployments, way.supersede) == (False, False, True)
    assert (policy.freezes, policy.rules) == ((), ())


def test_everything_that_may_be_said_is_read() -> None:
    policy = read_policy(WHOLE)

    way = policy.rollout
    assert [portion.text for portion in way.waves] == ["ring:canary", "25%", "10", "rest"]
    assert way.pause_of_each == (timedelta(minutes=10),) * 4
    assert (way.failure_limits, way.approve_above) == ((Amount(1),), 50)
    assert way.on_failure is OnFailure.LEAVE
    assert (way.on_push, way.deployments, way.supersede) == (True, True, False)
    christmas, weekend = policy.freezes
    assert isinstance(christmas, OnceFreeze)
    assert (christmas.name, christmas.zone) == ("christmas", ZoneInfo("Europe/Berlin"))
    assert christmas.begins.isoformat() == "2026-12-20T18:00:00"
    assert christmas.ends.isoformat() == "2027-01-02T08:00:00"
    assert str(christmas.tenants) == "tag:retail"
    assert isinstance(weekend, WeeklyFreeze)
    assert weekend.days == ("fri", "sat", "sun")
    assert (weekend.begins, weekend.ends, weekend.tenants) == (time(16), time(0), None)
    (rule,) = policy.rules
    assert [named.text for named in rule.who] == ["@Maria", "team:agency/ops", "role:maintain"]
    assert rule.verbs == ("rollback", "drift fix")


def test_a_service_changes_what_it_names_and_keeps_the_rest() -> None:
    policy = read_policy(WHOLE)
    backend = policy.service("backend")

    assert backend.waves == policy.rollout.waves
    assert [str(pause) for pause in backend.pause_of_each] == [
        "0:01:00",
        "1:30:00",
        "2 days, 0:00:00",
        "0:00:00",
    ]
    assert backend.failure_limits == (Amount(3), Amount(10, is_share=True))
    assert policy.service("frontend") == policy.rollout


def test_all_problems_are_told_at_once_in_the_order_of_their_lines() -> None:
    problems = told("""\
wave = 3
[rollout]
bkae = "10m"
waves = [
    "250%",
    "rnig:canary",
]
on_push = "yes"
[services]
web = 3
[services.backend]
bake = ["1m", "99d"]
[[freezes]]
name = "christmas"
from = "2026-12-20T18:00"
until = "2026-12-20T08:00"
zone = "Europa/Berlin"
[[freezes]]
days = ["friday"]
from = "16:00"
until = "8:00"
zone = "america/new_york"
[[rules]]
who = ["maria"]
verbs = ["rolback"]
tenants = "service=backend"
""")
    assert (
        "\n".join(problems)
        == """\
line 1: `wave` is unknown. There are: `rollout`, `services`, `freezes`, \
`rules`, `drift` and `alerts`.
line 3: `rollout.bkae` is unknown. Did you mean `bake`?
line 4: `rollout.waves[0]` is `"250%"`: write 1% to 100%.
line 4: `rollout.waves[1]` cannot be read: `rnig:canary` is no selector. Did you mean `ring:`? \
Type a tenant's name, `all`, `tag:retail`, `ring:canary` or `service=backend`; a `!` before it \
leaves out. For a wave there is also a share such as `"25%"`, a count such as `"10"`, or `"rest"`.
line 8: `rollout.on_push` is neither `true` nor `false`.
line 10: `services.web` is not a table.
line 12: `services.backend.bake[1]` is `"99d"`, which is longer than 14 days.
line 16: `freezes[0].until` is not later than `from`.
line 17: `freezes[0].zone` is `"Europa/Berlin"`, which is no time zone: write such as \
`"Europe/Berlin"`. Did you mean `Europe/Berlin`?
line 18: `freezes[1].name` is missing.
line 19: `freezes[1].days[0]` is `"friday"`, which is no day. Did you mean `fri`?
line 21: `freezes[1].until` is `"8:00"`, which is no time of day: write such as `"16:00"`, \
or leave `days` out for a freeze that comes once.
line 22: `freezes[1].zone` is `"america/new_york"`, which is no time zone: write such as \
`"Europe/Berlin"`. Did you mean `America/New_York`?
line 24: `rules[0].who[0]` is `"maria"`, which names nobody: write a person such as `"@maria"`, \
a team such as `"team:agency/ops"`, or a role such as `"role:maintain"`, which means those above \
it too. Did you mean `@maria`?
line 25: `rules[0].verbs[0]` is `"rolback"`, which is no command for a rule. \
Did you mean `rollback`?
line 26: `rules[0].tenants` is `"service=backend"`, which speaks of services: write which \
tenants are meant. What is for one service alone belongs in `[services.<name>]`."""
    )


NO_AMOUNT = 'which is neither a count nor a share: write such as `3` or `"10%"`.'
NO_PAUSE = (
    'which is no duration: write such as `"90s"`, `"10m"`, `"1h30m"` or `"2d"`, up to 14 days.'
)
NO_MOMENT = (
    'which is no day and time: write such as `"2026-12-20T18:00"`, '
    "or name `days` for a freeze of each week."
)
NO_CLOCK = (
    'which is no time of day: write such as `"16:00"`, '
    "or leave `days` out for a freeze that comes once."
)
NOBODY = (
    'which names nobody: write a person such as `"@maria"`, a team such as `"team:agency/ops"`, '
    'or a role such as `"role:maintain"`, which means those above it too.'
)
COMMANDS = (
    "There are: `plan`, `deploy`, `rollback`, `retry`, `cancel`, `pause`, `resume`, `approve`, "
    "`hold`, `unhold`, `pin`, `unpin`, `drift check`, `drift ack`, `drift fix` and `drift ignore`."
)
UNEVEN = (
    "names another number of pauses (2) than there are waves (1): name one for each wave, or a "
    "single one for all."
)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("after = ['auth']", "`after` is unknown here: it belongs in `[services.<name>]`."),
        ("waves = '25%'", "`waves` is not a list."),
        ("waves = []", "`waves` is an empty list: leave it out, or name something."),
        (f"waves = {['10'] * 51}", "`waves` holds more than 50."),
        (
            "waves = ['rest', '10']",
            '`waves` goes on after `"rest"`, which leaves nobody for a later wave.',
        ),
        ("waves = [true]", f"`waves[0]` is `true`, {NO_AMOUNT}"),
        ("waves = [['10']]", f"`waves[0]` is a list, {NO_AMOUNT}"),
        ("waves = ['2.5%']", f'`waves[0]` is `"2.5%"`, {NO_AMOUNT}'),
        ("bake = 600", f"`bake` is `600`, {NO_PAUSE}"),
        ("bake = ''", f'`bake` is `""`, {NO_PAUSE}'),
        ("bake = '5m10h'", f'`bake` is `"5m10h"`, {NO_PAUSE}'),
        ("bake = '14d1s'", '`bake` is `"14d1s"`, which is longer than 14 days.'),
        ("bake = ['1m', '2m']", f"`bake` {UNEVEN}"),
        ("failure_limit = 0", "`failure_limit` is `0`: write 1 to 1000000."),
        ("failure_limit = '0%'", '`failure_limit` is `"0%"`: write 1% to 100%.'),
        ("failure_limit = 'x`y'", f'`failure_limit` is `"x\'y"`, {NO_AMOUNT}'),
        (
            f"failure_limit = 0x{'f' * 9000}",
            f"`failure_limit` is `a number of many digits`, {NO_AMOUNT}",
        ),
        ("approve_above = -1", "`approve_above` is less than 0."),
        ("approve_above = 5.0", "`approve_above` is not a whole number."),
        (
            "on_failure = 'rollback'",
            '`on_failure` is `"rollback"`: write `"roll-back"` or `"leave"`.',
        ),
        ("supersede = 1", "`supersede` is neither `true` nor `false`."),
    ],
)
def test_a_problem_of_the_rollout(line: str, problem: str) -> None:
    assert told(f"[rollout]\n{line}") == [f"line 2: {problem.replace('`', '`rollout.', 1)}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rollout = 3", "line 1: `rollout` is not a table."),
        ("waves = ['rest']", "line 1: `waves` is unknown here: it belongs in `[rollout]`."),
        ("services = []", "line 1: `services` is not a table."),
        ("[services.a]\nafter = [3]", "line 2: `services.a.after[0]` is not a text in quotes."),
        (
            "[services.a]\nafter = ['b']\n[services.b]\nafter = ['a']",
            "line 2: `services.a.after` closes a circle: `a` after `b` after `a`.",
        ),
        (
            "[services.a]\nafter = ['a']",
            "line 2: `services.a.after` closes a circle: `a` after `a`.",
        ),
        (
            "rollout.bake = ['1m', '2m']\nrollout.waves = ['1', '2']\n[services.a]\nwaves = ['9']",
            f"line 3: `services.a.bake` {UNEVEN}",
        ),
    ],
)
def test_a_problem_of_the_services(text: str, problem: str) -> None:
    assert told(text) == [problem]


ONCE = "[[freezes]]\nname = 'x'\nzone = 'UTC'\nuntil = 2026-12-21T18:00:00\n"
WEEKLY = "[[freezes]]\nname = 'x'\nzone = 'UTC'\nuntil = '08:00'\ndays = ['mon']\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[freezes]\nname = 'x'",
            "line 1: `freezes` is one table: write `[[freezes]]` above each.",
        ),
        ("freezes = [3]", "line 1: `freezes[0]` is not a table."),
        (ONCE, "line 1: `freezes[0].from` is missing."),
        (
            f"{ONCE}from = 2026-12-20T18:00:00Z",
            (
                "line 5: `freezes[0].from` is `2026-12-20 18:00:00+00:00`: leave the offset out, "
                "`zone` tells it."
            ),
        ),
        (
            f"{ONCE}from = '2026-02-30T18:00'",
            f'line 5: `freezes[0].from` is `"2026-02-30T18:00"`, {NO_MOMENT}',
        ),
        (f"{ONCE}from = 2026-12-20", f"line 5: `freezes[0].from` is `2026-12-20`, {NO_MOMENT}"),
        (
            f"{ONCE}from = 0001-01-01T00:00:00",
            (
                "line 5: `freezes[0].from` is `0001-01-01 00:00:00`, "
                "which is not in the years 2000 to 2200."
            ),
        ),
        (
            ONCE.replace("UTC", "EST") + "from = 2026-12-20T18:00:00",
            (
                'line 3: `freezes[0].zone` is `"EST"`, which is no time zone: write such as '
                '`"Europe/Berlin"`.'
            ),
        ),
        (f"{WEEKLY}from = '24:00'", f'line 6: `freezes[0].from` is `"24:00"`, {NO_CLOCK}'),
        (
            f"{WEEKLY}from = '08:00'\n{ONCE}from = 2026-12-20T18:00:00",
            "line 8: `freezes[1].name` is the name of `freezes[0]` as well.",
        ),
    ],
)
def test_a_problem_of_a_freeze(text: str, problem: str) -> None:
    assert told(text) == [problem]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("who = ['role:none']", f'`who[0]` is `"role:none"`, {NOBODY} Did you mean `role:read`?'),
        ("who = ['team:ops']", f'`who[0]` is `"team:ops"`, {NOBODY}'),
        ("tenants = ''", '`tenants` is `""`: write a selector, such as `"ring:canary"`.'),
        (
            f"tenants = '{'x' * 201}'",
            "`tenants` is longer than 200 characters: give the tenants a tag.",
        ),
        ("verbs = ['help']", f'`verbs[0]` is `"help"`, which is no command for a rule. {COMMANDS}'),
    ],
)
def test_a_problem_of_a_rule(line: str, problem: str) -> None:
    usual = {"who": "who = ['@maria']", "verbs": "verbs = ['approve']"}
    lines = [line, *(other for key, other in usual.items() if not line.startswith(key))]

    assert told("\n".join(["[[rules]]", *lines])) == [
        f"line 2: {problem.replace('`', '`rules[0].', 1)}"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rollout\n", "line 1: The file is no TOML: Expected '=' after a key in a key/value pair."),
        ("a = [", "The file is no TOML at its end: Invalid value."),
        ("a = 1\na = 2", "The file is no TOML at its end: Cannot overwrite a value."),
        ("#" * (LARGEST + 1), "The file has 65537 bytes; at most 65536 are read."),
        ("# \ud800", "The file is no text in UTF-8."),
        ("a = " + "[" * 9000, "Lists or tables lie too deep in each other."),
        ("a = " + "9" * 9000, "A number has too many digits."),
        ("\na" + ".a" * 30_000 + " = 1", "line 2: There are more than 100 dots on one line."),
    ],
)
def test_what_is_no_toml_is_told_and_bounded(text: str, problem: str) -> None:
    assert told(text) == [problem]


def test_a_long_line_of_dots_is_no_key_where_it_is_a_comment() -> None:
    assert read_policy("# " + "." * 200) == Policy()


def test_a_key_is_found_in_tables_written_on_one_line_and_in_dotted_keys() -> None:
    assert told('rollout = { bake = "x" }\n') == [f'line 1: `rollout.bake` is `"x"`, {NO_PAUSE}']
    assert told("\nrollout.approve_above = -1")[0].startswith("line 2: `rollout.approve_above` ")
    assert told('[ services . "my web" ]\non_push = 1')[0].startswith(
        'line 2: `services."my web".on_push` '
    )


def test_what_stands_in_a_long_text_is_no_key() -> None:
    problems = told('[[rules]]\nwho = ["""\n[rollout]\nbake = 3\n"""]\n[rollout]\nbake = 3')

    assert [problem.partition(":")[0] for problem in problems] == ["line 1", "line 2", "line 7"]


def test_problems_are_kept_for_who_marks_the_lines() -> None:
    with pytest.raises(PolicyRefused) as refused:
        read_policy("[rollout]\non_push = 1")
    stored = PolicyRefused(str(refused.value), **refused.value.facts)

    assert isinstance(stored, Refused)
    assert stored.problems == (Problem("`rollout.on_push` is neither `true` nor `false`.", line=2),)


def test_no_more_than_fifty_problems_are_told() -> None:
    problems = told("\n".join(f"key-{number} = 1" for number in range(3000)))

    assert len(problems) == 51
    assert problems[-1] == "There are more problems, which are not listed here."


def reads_or_refuses(text: str) -> None:
    try:
        read_policy(text)
    except PolicyRefused as refused:
        problems = refused.problems
    else:
        return
    assert problems


@settings(deadline=None)
@given(text=st.text(st.characters() | st.sampled_from('[]{}"=.,\n#')))
def test_any_text_is_a_policy_or_refused(text: str) -> None:
    reads_or_refuses(text)


VALUES = st.recursive(
    st.sampled_from(["true", "1", "-1", "0", "1.5", "nan", "0x" + "f" * 5000, "1e999"])
    | st.sampled_from(
        ["2026-03-29T02:30:00", "02:30:00", "2026-03-29", "9999-12-31T23:59:59-23:59"]
    )
    | st.sampled_from(["rest", "25%", "10m", "all", "ring:canary", "!acme", "mon", "24:00"]).map(
        repr
    )
    | st.sampled_from(["Europe/Berlin", "America", "../x", "@maria", "team:a/b", "leave"]).map(repr)
    | st.text("aA0:/%@.!*-\\ `|é\u2028", max_size=8).map(lambda text: f"'{text}'"),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda values: f"[{', '.join(values)}]")
        | inner.map(lambda value: f"{{ name = {value} }}")
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(place=st.integers(0, 60), value=VALUES)
def test_the_whole_format_with_any_value_in_any_place_is_a_policy_or_refused(
    place: int, value: str
) -> None:
    lines = WHOLE.splitlines()
    keys = [number for number, line in enumerate(lines) if "=" in line]
    number = keys[place % len(keys)]
    lines[number] = lines[number].partition("=")[0] + f"= {value}"
    reads_or_refuses("\n".join(lines))
