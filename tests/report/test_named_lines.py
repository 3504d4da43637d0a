"""Which lines of files the output of a script names."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.report.harmless import one_line
from bot.report.named_lines import LONGEST_MESSAGE, Level, NamedLine, named_lines
from bot.report.repository_paths import LONGEST_PATH, whole_path
from tests.report.rollouts import ANY_TEXT

REVISION = "a1b2c3d" + "0" * 33


def named(
    path: str, line: int, message: str, level: Level = "failure", end: int | None = None
) -> NamedLine:
    return NamedLine(path, line, end or line, level, message)


@pytest.mark.parametrize(
    ("printed", "found"),
    [
        ("src/app.py:3: it is wrong", named("src/app.py", 3, "it is wrong")),
        ("src/app.py:3:14: it is wrong", named("src/app.py", 3, "it is wrong")),
        ("./src/app.py:3: it is wrong", named("src/app.py", 3, "it is wrong")),
        ("  src/app.ts:3:1: two  words ", named("src/app.ts", 3, "two words")),
        ("ERROR: src/app.py:3: it is wrong", named("src/app.py", 3, "it is wrong")),
        (
            "psql:migrations/0003.sql:12: ERROR:  relation does not exist",
            named("migrations/0003.sql", 12, "ERROR: relation does not exist"),
        ),
        (
            "0003_unique_email.sql, line 2: UNIQUE constraint failed: customers.email",
            named("0003_unique_email.sql", 2, "UNIQUE constraint failed: customers.email"),
        ),
        (
            "deploy.sh: line 7: helm: command not found",
            named("deploy.sh", 7, "helm: command not found"),
        ),
        ("bin/deploy: line 7: no", named("bin/deploy", 7, "no")),
        ("Dockerfile:4: unknown instruction", named("Dockerfile", 4, "unknown instruction")),
        ("a/b.c:3:5: warning: unused", named("a/b.c", 3, "warning: unused", "warning")),
        ("a.py:3: DeprecationWarning: old", named("a.py", 3, "DeprecationWarning: old", "warning")),
        ("a/b.c:3:5: note: declared here", named("a/b.c", 3, "note: declared here", "notice")),
        ("a/b.c:3:5: error: no warning is left", named("a/b.c", 3, "error: no warning is left")),
        ("\x1b[31msrc/app.py:3: \u202ered\x1b[0m", named("src/app.py", 3, "red")),
        ("src/app.py:3: @everyone `x` <b>", named("src/app.py", 3, "@everyone `x` <b>")),
        ("::error file=src/app.py,line=3::It broke", named("src/app.py", 3, "It broke")),
        ("::error file=src/app.py::It broke", named("src/app.py", 1, "It broke")),
        (
            "::warning file=src/app.py,line=3,endLine=5,col=2,title=Style::50%25 of it%0Ais old",
            named("src/app.py", 3, "Style: 50% of it is old", "warning", end=5),
        ),
        (
            "::notice file=src/a%2Cb.py,line=3,endLine=1::Look",
            named("src/a,b.py", 3, "Look", "notice"),
        ),
    ],
)
def test_a_line_that_is_named(printed: str, found: NamedLine) -> None:
    assert named_lines(f"INFO  begins\n{printed}\nNothing was applied.\n") == [found]


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "it is wrong",
        "2026-11-02 09:30:00: it begins",
        "09:30:00: it begins",
        "localhost:5432: connection refused",
        "db.agency.test:5432: connection refused",
        "https://agency.test/app.py:3: not found",
        "/etc/passwd:3: not ours",
        "/usr/lib/python3/app.py:3: not ours",
        "../other/app.py:3: not ours",
        "src/../../app.py:3: not ours",
        "src//app.py:3: no path",
        "~/app.py:3: not ours",
        "C:\\src\\app.py:3: no path of git's",
        "src/$HOME/app.py:3: no path",
        "src/app.py:0: there is no such line",
        "src/app.py:99999999: there is no such line",
        "src/app.py:٣: no digit",
        "src/app.py:3:",
        "src/app.py:3",
        "see src/app.py:3: it is wrong",
        "app.unheard-of:3: no file that we know of",
        f"{'a' * LONGEST_PATH}/app.py:3: too long",
        'File "<stdin>", line 3, in <module>\nValueError: no',
        'File "/usr/lib/python3/json/decoder.py", line 3, in decode\nValueError: no',
        "::error::It broke",
        "::error file=,line=3::It broke",
        "::error file=/etc/passwd,line=3::It broke",
        "::error file=src/app.py,line=x::It broke",
        "::error file=src/app.py,line=3::",
        "::debug file=src/app.py,line=3::It broke",
    ],
)
def test_what_names_no_line_of_the_repository(printed: str) -> None:
    assert named_lines(printed) == []


def test_a_traceback_is_told_at_the_innermost_line_that_is_the_repositorys() -> None:
    printed = f"""\
Traceback (most recent call last):
  File "/srv/cache/trees/backend-1f/{REVISION}/src/migrate.py", line 40, in main
    upgrade()
    ~~~~~~~^^
  File "/srv/cache/trees/backend-1f/{REVISION}/migrations/0003.py", line 7, in upgrade
    connection.execute(statement)
  File "/usr/lib/python3/sqlite3/dbapi2.py", line 12, in execute
    raise error
sqlite3.IntegrityError: UNIQUE constraint failed: customers.email

During handling of the above exception, another exception occurred:

  File "src/cleanup.py", line 3
    retrun
    ^^^^^^
SyntaxError: invalid syntax
"""
    assert named_lines(printed, REVISION) == [
        named(
            "migrations/0003.py",
            7,
            "sqlite3.IntegrityError: UNIQUE constraint failed: customers.email",
        ),
        named("src/cleanup.py", 3, "SyntaxError: invalid syntax"),
    ]


def test_a_traceback_that_is_cut_off_is_told_by_its_last_line() -> None:
    assert named_lines('  File "src/app.py", line 3, in main\n    begin()\n') == [
        named("src/app.py", 3, 'File "src/app.py", line 3, in main')
    ]


def test_a_checkout_is_in_a_folder_with_the_name_of_the_commit() -> None:
    printed = f"/srv/trees/{REVISION}/src/app.py:3: no\n/srv/trees/{'0' * 40}/src/app.py:3: no\n"

    assert named_lines(printed, REVISION) == [named("src/app.py", 3, "no")]
    assert named_lines(printed) == []


FILES = ("migrations/0003.sql", "src/app.py", "docs/app.py", "setup.py", "api/src/run.py")


@pytest.mark.parametrize(
    ("path", "whole"),
    [
        ("0003.sql", "migrations/0003.sql"),
        ("src/run.py", "api/src/run.py"),
        ("migrations/0003.sql", "migrations/0003.sql"),
        ("setup.py", "setup.py"),
        ("3.sql", "3.sql"),
        ("0004.sql", "0004.sql"),
        ("app.py", "app.py"),
    ],
)
def test_a_path_is_completed_where_one_file_ends_so(path: str, whole: str) -> None:
    assert whole_path(path, FILES) == whole


def test_what_is_said_twice_of_a_line_is_told_once() -> None:
    printed = "a.py:3: no\na.py:3: no\na.py:4: no\na.py:3: nor this\n"

    assert [(each.line, each.message) for each in named_lines(printed)] == [
        (3, "no"),
        (4, "no"),
        (3, "nor this"),
    ]


OUTPUT = st.lists(
    st.one_of(
        ANY_TEXT,
        st.tuples(ANY_TEXT, ANY_TEXT).map(lambda pair: f"{pair[0]}:3: {pair[1]}"),
        st.tuples(ANY_TEXT, ANY_TEXT).map(lambda pair: f"::error file={pair[0]},line=3::{pair[1]}"),
        ANY_TEXT.map(lambda text: f'  File "{text}", line 3, in {text}'),
        st.sampled_from(["a/b.py:3: ", "src/app.py:3: x", "y" * 5_000]),
    )
).map("\n".join)


@settings(max_examples=300, deadline=None)
@given(OUTPUT, st.sampled_from(["", REVISION]))
def test_whatever_is_printed_what_is_told_is_one_github_takes(printed: str, revision: str) -> None:
    for each in named_lines(printed, revision):
        assert 1 <= each.line <= each.end_line
        assert 0 < len(each.message) <= LONGEST_MESSAGE
        assert each.message == one_line(each.message)
        assert not {"", ".", ".."} & set(each.path.split("/"))
