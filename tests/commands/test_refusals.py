"""What people are told whose commands cannot be read: why, and what to type instead."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands.command import Command, Problem
from bot.commands.grammar import commands_in
from bot.commands.verbs import VERBS
from tests.report.rollouts import ANY_TEXT, Page

SHA = "9f8e7d6"
REFUSED = {
    "/orbits revert": "I know no command `revert`. Did you mean `/orbits rollback`?",
    "/orbits stop acme": "I know no command `stop`. Did you mean `/orbits cancel`?",
    "/orbits continue": "I know no command `continue`. Did you mean `/orbits resume`?",
    "/orbits xyz": "I know no command `xyz`. Type `/orbits help` to see them all.",
    "/orbits help pln": "I know no command `pln`. Did you mean `/orbits help plan`?",
    "/orbits drift chek": "I know no command `drift chek`. Did you mean `/orbits drift check`?",
    "/orbits drift": (
        "`drift` alone is no command. Type `/orbits drift check`, `/orbits drift ack`, "
        "`/orbits drift fix` or `/orbits drift ignore`."
    ),
    "/orbits deploy --dryrun": (
        "`/orbits deploy` has no option `--dryrun`. Did you mean `--dry-run`? There are "
        "`--dry-run`, `--force` and `--reason`."
    ),
    "/orbits plan --force": "`/orbits plan` has no option `--force`. It takes none.",
    "/orbits deploy --force=yes": "`--force` takes no value. Leave `=yes` out.",
    "/orbits deploy --force --force": "`--force` is given twice. Type it once.",
    f"/orbits pin a b@{SHA} to {SHA}": "`to` is given twice. Type it once.",
    "/orbits rollback to --dry-run": "A value is missing: type `to SHA|last-good`.",
    "/orbits pause --reason ''": (
        "`--reason` is given an empty text. Say something, or leave it out."
    ),
    "/orbits hold acme --reason their fair": (
        'A text of several words needs quotes: type `--reason "their fair ..."`.'
    ),
    "/orbits hold acme because of it": (
        'A reason is an option: type `--reason "..."` instead of `because`.'
    ),
    f"/orbits deploy to {SHA}": (
        "`/orbits deploy` takes no `to`. Leave it out; a tenant of that name is `tenant:to`."
    ),
    "/orbits rollback to lastgood": (
        "`to` takes 7 to 40 characters of a commit's sha, or `last-good`; `lastgood` is not "
        "that. Did you mean `last-good`?"
    ),
    "/orbits pin acme backend@main": (
        "`to` takes 7 to 40 characters of a commit's sha; `main` is not that."
    ),
    "/orbits hold acme --until 2026-02-30": (
        "`--until` takes a day such as `2026-12-01`, or a span such as `90m`, `2h`, `3d` or "
        "`1w`; `2026-02-30` is neither."
    ),
    "/orbits hold !acme": (
        "`/orbits hold` lacks the tenants that are meant. Type it as in `/orbits hold acme "
        "--until 3d --reason 'their fair'`."
    ),
    "/orbits pin": (
        "`/orbits pin` lacks the tenants that are meant and the service and `to SHA`. Type it "
        f"as in `/orbits pin acme backend@{SHA}`."
    ),
    f"/orbits pin acme backend to {SHA}": (
        f"`/orbits pin` lacks the service. Type it as in `/orbits pin acme backend@{SHA}`."
    ),
    "/orbits resume acme": (
        "`/orbits resume` takes no selector, and `acme` follows it. Type `/orbits resume`."
    ),
    "/orbits deploy all acme": (
        "`all` and `acme` contradict each other: `all` is every tenant. Type one of them."
    ),
    "/orbits deploy @maya": (
        "`@maya` is no selector. Type a tenant's name, `all`, `tag:retail`, `ring:canary` or "
        "`service=backend`; a `!` before it leaves out."
    ),
    "/orbits deploy it's": (
        "The quote that opens in `it's` is not closed. Close it, or put a backslash before it "
        "where it is an apostrophe."
    ),
}


@pytest.mark.parametrize(("line", "text"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_be_read_says_why_and_what_to_type(line: str, text: str) -> None:
    assert commands_in(line) == (Problem(1, text),)
    assert Problem(1, text).text == f"{text} Nothing was started."


MARKS = ["-", "--", "\u2014", "@", "'", '"', "\\", "=", "`", "|", "<b>"]
NAMES = ["acme", "all", "!x", "to", "because", "a@b", "tag:x", "service=y", "q:", "last-good", SHA]
OPTIONS = ["--reason", "--until", "--to", "--force", "--dry-run", "3d"]
ANY_WORD = st.sampled_from([*MARKS, *NAMES, *OPTIONS]) | ANY_TEXT


@settings(deadline=None)
@given(st.sampled_from(["", "drift", "x", *VERBS]), st.lists(ANY_WORD, max_size=6))
def test_any_line_is_a_command_or_a_harmless_problem(verb: str, words: list[str]) -> None:
    line = " ".join(["/orbits", verb, *words]).splitlines()[0]
    (found,) = commands_in(line)
    if isinstance(found, Command):
        assert commands_in(found.line()) == (found,)
        return
    assert found.text.endswith(" Nothing was started.")
    assert len(found.text) < 1000
    page = Page(found.text)
    assert set(page.tags) <= {"p", "code"}
    assert not any(mark in page.prose for mark in ("@", "#", "://", "<"))
