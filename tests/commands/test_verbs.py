"""The table of verbs, and the help that is made of it."""

import pytest

from bot.commands.command import Command, Commands
from bot.commands.grammar import read
from bot.commands.help import help_text, verbs_table
from bot.commands.verb import Takes, Verb
from bot.commands.verbs import MEANT_BY, VERBS
from bot.rollouts.policy.people import Role
from bot.rollouts.policy.tables import VERBS as RULED
from tests.report.rollouts import Page

EXAMPLES = [(verb, example) for verb in VERBS.values() for example in verb.examples]
CHANGES_THE_WORLD = {"deploy", "rollback", "retry", "cancel", "pause", "resume", "approve", "hold"}
CHANGES_THE_WORLD |= {"unhold", "pin", "unpin", "drift fix", "drift ignore"}


@pytest.mark.parametrize(("verb", "example"), EXAMPLES, ids=[example for _, example in EXAMPLES])
def test_every_example_can_be_typed(verb: Verb, example: str) -> None:
    for place in verb.places:
        asked = read(example, place)
        assert isinstance(asked, Commands)
        assert [each.verb for each in asked.commands] == [verb]


def test_who_may_only_read_or_triage_changes_nothing() -> None:
    powerful = {verb.name for verb in VERBS.values() if verb.role.reaches(Role.WRITE)}
    assert powerful == CHANGES_THE_WORLD
    assert [verb.name for verb in VERBS.values() if verb.role is Role.READ] == [
        "help",
        "status",
        "explain",
    ]


def test_a_verb_that_takes_a_selector_says_who_is_meant_without_or_needs_one() -> None:
    for verb in VERBS.values():
        assert bool(verb.otherwise) == (verb.takes is Takes.SELECTOR)
        assert "every tenant" not in verb.otherwise or "this pull request" in verb.otherwise


def test_what_is_asked_back_about_exists_and_is_no_command() -> None:
    assert set(MEANT_BY.values()) <= set(VERBS)
    assert not set(MEANT_BY) & set(VERBS)


def test_options_are_fields_of_a_command() -> None:
    fields = set(Command.__dataclass_fields__)
    assert {option.field for verb in VERBS.values() for option in verb.options} <= fields


def test_the_help_of_a_verb_is_read_whole() -> None:
    assert (
        help_text("rollback")
        == """\
**/orbits rollback**: put tenants back to what they had before, and hold them there.

```text
/orbits rollback [SELECTOR] [to SHA|last-good] [--dry-run] [--reason "TEXT"]
```

- `to SHA|last-good`: another commit than the one before, or the last known good
- `--dry-run`: say what would be done, and do nothing
- `--reason "TEXT"`: why, for those who come later

Where no tenants are named: every tenant that this pull request moved.

On pull requests, for those with the role write or above. For example:

```text
/orbits rollback
/orbits rollback ring:canary --dry-run
/orbits rollback acme to last-good --reason 'orders are lost'
```
"""
    )


def test_a_verb_that_needs_a_selector_says_so_in_its_help() -> None:
    said = help_text("hold")
    assert '/orbits hold SELECTOR [--until DATE|SPAN] [--reason "TEXT"]\n' in said
    assert "It is never meant for everyone: say who, if need be with `all`." in said
    assert "On pull requests and drift issues, for those with the role write or above." in said


def test_the_help_of_a_family_is_that_of_each() -> None:
    assert help_text("drift") == "\n".join(
        help_text(f"drift {each}") for each in ("check", "ack", "fix", "ignore")
    )


def test_the_help_lists_every_verb_in_one_table() -> None:
    text = help_text()

    assert text.startswith(verbs_table())
    page = Page(text)
    assert page.tags.count("table") == 1
    assert page.tags.count("tr") == 1 + len(VERBS)
    assert page.tags.count("td") == 3 * len(VERBS)
    for verb in VERBS.values():
        assert verb.usage in page.code


def test_a_part_of_the_table_can_be_had() -> None:
    assert verbs_table([VERBS["pause"]]) == (
        "| Command | What it does | Least role |\n"
        "|---|---|---|\n"
        '| `/orbits pause [--reason "TEXT"]` | start no further tenant of the rollout | write |'
    )


def test_no_help_is_as_long_as_a_comment_may_be() -> None:
    for topic in (None, "drift", *VERBS):
        assert len(help_text(topic)) < 5000


def test_a_rule_may_name_every_verb_that_not_everybody_may_use() -> None:
    powerful = {verb.name for verb in VERBS.values() if verb.role is not Role.READ}
    assert set(RULED) == powerful
