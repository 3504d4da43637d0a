"""What comments ask for, and what people are told whose comments cannot be read."""

from datetime import date, timedelta

import pytest

from bot.commands.command import Command, Commands, Problem, Problems
from bot.commands.grammar import LONGEST_BODY, MOST_COMMANDS, commands_in, read
from bot.commands.verb import Place
from bot.commands.verbs import VERBS
from bot.rollouts.selectors import parse_selector

PULL_REQUEST, DRIFT_ISSUE = Place.PULL_REQUEST, Place.DRIFT_ISSUE
SHA = "9f8e7d6"


def command(line: str) -> Command:
    (found,) = commands_in(line)
    assert isinstance(found, Command), found
    return found


def problem(line: str) -> str:
    (found,) = commands_in(line)
    assert isinstance(found, Problem), found
    return found.text


def test_a_rollback_is_asked_for_from_a_phone() -> None:
    asked = read(
        "This loses orders.\r\n\r\n"
        "/Orbits Rollback Acme, globex to Last\u2011good \u2014reason \u201cit\u2019s urgent\u201d",
        PULL_REQUEST,
    )

    assert asked == Commands(
        (
            Command(
                VERBS["rollback"],
                parse_selector("acme globex"),
                to="last-good",
                reason="it\u2019s urgent",
            ),
        )
    )


def test_a_comment_may_have_several_commands() -> None:
    asked = read("/orbits cancel\nand then\n/orbits rollback --dry-run", PULL_REQUEST)

    assert isinstance(asked, Commands)
    assert [each.line() for each in asked.commands] == [
        "/orbits cancel",
        "/orbits rollback --dry-run",
    ]


def test_one_problem_keeps_every_command_back() -> None:
    asked = read("/orbits cancel\n/orbits rolback\n/orbits hold", PULL_REQUEST)

    assert isinstance(asked, Problems)
    assert asked.text == (
        "- Line 2: I know no command `rolback`. Did you mean `/orbits rollback`?\n"
        "- Line 3: `/orbits hold` lacks the tenants that are meant. "
        "Type it as in `/orbits hold acme --until 3d --reason 'their fair'`.\n"
        "\n"
        "Nothing was started."
    )


def test_a_single_problem_is_the_whole_answer() -> None:
    asked = read("/orbits rolback", PULL_REQUEST)

    assert isinstance(asked, Problems)
    assert asked.text == (
        "I know no command `rolback`. Did you mean `/orbits rollback`? Nothing was started."
    )


def test_a_comment_that_does_not_address_the_bot_is_nothing() -> None:
    assert read("Looks good to me, /orbits could deploy it.", PULL_REQUEST) is None
    assert read("", DRIFT_ISSUE) is None


def test_a_command_is_refused_where_it_does_not_belong() -> None:
    on_issue = read("/orbits deploy", DRIFT_ISSUE)
    on_pull_request = read("/orbits drift fix", PULL_REQUEST)

    assert isinstance(on_issue, Problems)
    assert on_issue.text == (
        "`/orbits deploy` is for a pull request, and this is a drift issue. Comment it there. "
        "Nothing was started."
    )
    assert isinstance(on_pull_request, Problems)
    assert on_pull_request.text.startswith("`/orbits drift fix` is for a drift issue, and this is")
    assert isinstance(read("/orbits drift fix", DRIFT_ISSUE), Commands)


def test_too_many_commands_are_one_problem() -> None:
    as_many_as_may_be = "/orbits status\n" * MOST_COMMANDS
    assert len(commands_in(as_many_as_may_be)) == MOST_COMMANDS
    assert problem(as_many_as_may_be + "/orbits cancel") == (
        "This comment has 11 commands, and one comment may have 10. Write several comments, or "
        "select several tenants with one command. Nothing was started."
    )


def test_a_comment_longer_than_any_on_github_is_not_read() -> None:
    line = "/orbits deploy\n"
    assert problem(line + "x" * LONGEST_BODY) == (
        "A comment has at most 65,536 characters, and this one has more. Nothing was started."
    )
    assert commands_in("x" * LONGEST_BODY + "\n") == ()


@pytest.mark.parametrize(
    ("line", "canonical"),
    [
        ("/orbits", "/orbits help"),
        ("/orbits help DRIFT fix", "/orbits help drift fix"),
        ("/orbits help drift", "/orbits help drift"),
        ("/orbits deploy --DRY-RUN acme", "/orbits deploy acme --dry-run"),
        ('/orbits deploy "acme globex"', "/orbits deploy acme globex"),
        ("/orbits rollback to ABCDEF1", "/orbits rollback to abcdef1"),
        ("/orbits rollback --to=last-good acme", "/orbits rollback acme to last-good"),
        (f"/orbits rollback site@{SHA}", f"/orbits rollback service=site to {SHA}"),
        (f"/orbits pin acme backend@{SHA}", f"/orbits pin acme service=backend to {SHA}"),
        (
            f"/orbits pin acme service=backend to {SHA}",
            f"/orbits pin acme service=backend to {SHA}",
        ),
        ("/orbits hold tenant:to --until 48h", "/orbits hold tenant:to --until 2d"),
        ("/orbits hold acme --until 2026\u201312\u201301", "/orbits hold acme --until 2026-12-01"),
        ("/orbits hold acme --reason fair", "/orbits hold acme --reason fair"),
        ("/orbits hold --reason 'a \"fair\"' acme", r'/orbits hold acme --reason "a \"fair\""'),
        ("/orbits drift CHECK !acme", "/orbits drift check !acme"),
    ],
)
def test_a_command_has_one_canonical_line(line: str, canonical: str) -> None:
    assert command(line).line() == canonical


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("90m", timedelta(minutes=90)),
        ("2h", timedelta(hours=2)),
        ("3D", timedelta(days=3)),
        ("1w", timedelta(weeks=1)),
        ("2026-12-01", date(2026, 12, 1)),
    ],
)
def test_a_hold_ends_on_a_day_or_after_a_span(text: str, until: date | timedelta) -> None:
    assert command(f"/orbits hold acme --until {text}").until == until
