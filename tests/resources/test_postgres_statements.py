"""A PostgreSQL script taken apart into its statements, and what may stand in a file."""

from pathlib import Path

import pytest

from resources.errors import Refused
from resources.library.postgres.files import read_postgres_files
from resources.library.postgres.statements import statements


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t VALUES ('a;b', 'it''s;', E'\\';', \"a;\"\"b\")",
        "SELECT $$ ; $$, $a$ ; $$ ; $a$, $é1$;$é1$",
        "SELECT a$b$c FROM t",
        "SELECT 1 /* ; /* nested; */ ; */ + 1",
        "SELECT 1 -- ;\n + 1",
        "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END",
        "CREATE TABLE begin_atomic (begin int)",
        "SELECT 'without an end ;",
        "SELECT $$without an end ;",
    ],
)
def test_a_semicolon_in_quotes_comments_and_bodies_ends_nothing(statement: str) -> None:
    unended = "without an end" in statement

    found = statements(f"SELECT 0;\n\n{statement}{'' if unended else ';;'}\n-- end\n")

    assert [each.line for each in found] == [1, 3]
    assert found[1].text.startswith(statement)
    assert unended or found[1].text == statement


def test_a_statement_begins_after_the_comments_before_it() -> None:
    (found,) = statements("-- why\n/* and\n why not */\n  SELECT 1 ; -- done")

    assert (found.text, found.line, found.words) == ("SELECT 1", 4, "select")


@pytest.mark.parametrize(
    ("text", "loses_data"),
    [
        ("DROP TABLE t", True),
        ("ALTER TABLE t ADD COLUMN a int, DROP b", True),
        ("ALTER TABLE t ALTER a DROP NOT NULL", False),
        ("ALTER TABLE t DROP CONSTRAINT c", False),
        ("DROP INDEX i", False),
        ("DROP TYPE colour CASCADE", True),
        ("WITH gone AS (DELETE FROM t RETURNING *) SELECT 1", True),
        ("TRUNCATE t", True),
        ("GRANT TRUNCATE ON t TO u", False),
        ("CREATE TABLE c (a int REFERENCES t ON DELETE CASCADE)", False),
        ("INSERT INTO notes VALUES ('drop table t')", False),
        ("SELECT 1 /* drop table t */", False),
        ("DO $$ BEGIN DROP TABLE t; END $$", True),
        ("DO $$ BEGIN -- drop table t\n PERFORM 1; END $$", False),
        ("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM t $$", False),
    ],
)
def test_what_takes_data_away_is_known_by_its_words(text: str, loses_data: bool) -> None:
    (found,) = statements(text)

    assert found.loses_data is loses_data


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "BEGIN;\nSELECT 1;\nCOMMIT;",
            "line 1: a migration may not begin or end a transaction; it is one already, or says `",
        ),
        (
            "SELECT 1;\ncopy t (a) from STDIN;\n1\n\\.\n",
            ", line 2: COPY has no input to read here; write INSERT. Nothing was changed.",
        ),
        (
            "-- orbits:no_transaction\nSELECT 1;",
            "says `-- orbits:no_transaction`, and only `-- orbits:no-transaction` is known.",
        ),
        (
            "SELECT '\0';",
            "0001_a.sql holds a zero byte, which no statement may.",
        ),
    ],
)
def test_what_no_file_may_hold_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "0001_a.sql").write_text(text)

    with pytest.raises(Refused) as refused:
        read_postgres_files(tmp_path)

    assert told in str(refused.value)


def test_a_savepoint_is_no_end_of_a_transaction(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("SAVEPOINT s;\nROLLBACK TO s;")

    assert [each.name for each in read_postgres_files(tmp_path)] == ["0001_a.sql"]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_bytes("SELECT 'é'".encode("latin-1"))

    with pytest.raises(Refused, match=r"^0001_a\.sql is not UTF-8 text: .* Nothing was changed\.$"):
        read_postgres_files(tmp_path)


def test_a_long_file_stays_about_as_long(tmp_path: Path) -> None:
    text = "INSERT INTO t VALUES (1, 'a');\n" * 5_000

    found = statements(text)

    assert found[-1].line == 5_000
    assert sum(len(each.in_its_place) for each in found) < 2 * len(text)
