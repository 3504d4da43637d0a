"""The script that migrates a SQLite database, run as it is run anywhere: by a Python, on stdin."""

import inspect
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from resources.errors import Refused
from resources.library.sql import sqlite_migrate
from resources.library.sql.migration_files import in_order, read_migrations
from resources.library.sql.sqlite_migrate import statements

USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);"
ORDERS = "CREATE TABLE orders (id INTEGER PRIMARY KEY);\nINSERT INTO orders VALUES (1);"

FIRST = {"0001_users.sql": USERS, "0001_users.down.sql": "DROP TABLE users;"}
SECOND = {**FIRST, "0002_orders.sql": ORDERS, "0002_orders.down.sql": "DROP TABLE orders;"}


class Migrated:
    """A database, and the script that works on it in processes of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def start(self, command: str, files: dict[str, str]) -> "subprocess.Popen[str]":
        listed = json.dumps([(each.name, each.up, each.down) for each in in_order(files)])
        source = inspect.getsource(sqlite_migrate)
        process = subprocess.Popen(
            [sys.executable, "-I", "-", command, str(self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(
            f"{source}\nimport sys\nsys.exit(main(sys.argv[1:], json.loads({listed!r})))\n"
        )
        process.stdin.close()
        process.stdin = None
        return process

    def run(self, command: str, files: dict[str, str]) -> tuple[int, str]:
        with self.start(command, files) as process:
            printed, _ = process.communicate(timeout=20)
            return process.returncode, printed

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            rows = connection.execute(query).fetchall()
            connection.commit()
            return rows

    def tables(self) -> Iterable[object]:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'orbits_%'"
        return sorted(str(name) for (name,) in self.ask(query))


@pytest.fixture
def database(tmp_path: Path) -> Migrated:
    return Migrated(tmp_path / "a database.sqlite3")


def test_files_are_applied_in_order_and_once(database: Migrated) -> None:
    assert database.run("up", FIRST) == (0, "applied 0001_users.sql\n")
    assert database.run("up", SECOND) == (0, "applied 0002_orders.sql\n")
    assert database.run("up", SECOND) == (0, "nothing to apply\n")
    assert database.tables() == ["orders", "users"]


def test_a_failing_file_leaves_nothing_behind(database: Migrated) -> None:
    bad = {**FIRST, "0002_bad.sql": f"{ORDERS}\n\nALTER TABLE nowhere ADD COLUMN x;"}

    assert database.run("up", bad) == (
        3,
        (
            "applied 0001_users.sql\n"
            "0002_bad.sql, line 4: no such table: nowhere\n"
            "ALTER TABLE nowhere ADD COLUMN x;\n"
            "Nothing of 0002_bad.sql was applied.\n"
        ),
    )
    assert database.tables() == ["users"]


@pytest.mark.parametrize(
    "statement", ["COMMIT", "ROLLBACK", "BEGIN", "SAVEPOINT a", "ATTACH 'x.db' AS x", "END"]
)
def test_a_file_cannot_leave_its_transaction(database: Migrated, statement: str) -> None:
    status, printed = database.run("up", {"0001_a.sql": f"{USERS}\n/* so */ {statement};"})

    assert status == 3
    assert "may not begin, end or leave its transaction" in printed
    assert database.tables() == []


def test_an_edited_file_is_refused(database: Migrated) -> None:
    database.run("up", FIRST)

    assert database.run("up", {"0001_users.sql": f"{USERS} -- better"}) == (
        4,
        (
            "0001_users.sql was edited after it was applied; put it back, and write a new file "
            "instead. Nothing was changed.\n"
        ),
    )


def test_a_lost_file_is_refused(database: Migrated) -> None:
    database.run("up", SECOND)

    assert database.run("up", FIRST) == (
        4,
        (
            "0002_orders.sql is applied, but not among the files; put it back, or undo it by a "
            "rollback to this revision instead of an update. Nothing was changed.\n"
        ),
    )


def test_going_back_takes_back_the_newest_first(database: Migrated) -> None:
    third = {**SECOND, "0003_more.sql": "ALTER TABLE orders ADD COLUMN x;"}
    third["0003_more.down.sql"] = "ALTER TABLE orders DROP COLUMN x;"
    database.run("up", third)

    assert database.run("back", FIRST) == (
        0,
        "took back 0003_more.sql\ntook back 0002_orders.sql\nnothing to apply\n",
    )
    assert database.tables() == ["users"]


def test_the_way_back_is_the_one_that_was_there_when_the_file_was_applied(
    database: Migrated,
) -> None:
    database.run("up", SECOND)

    # The revision to go back to has never heard of the second file.
    assert database.run("back", FIRST)[0] == 0
    assert database.tables() == ["users"]


def test_without_a_way_back_nothing_is_taken_back(database: Migrated) -> None:
    third = {**FIRST, "0002_orders.sql": ORDERS, "0003_x.sql": "CREATE TABLE x (y);"}
    third["0003_x.down.sql"] = "DROP TABLE x;"
    database.run("up", third)

    assert database.run("back", FIRST) == (
        5,
        "0002_orders.sql was applied without a 0002_orders.down.sql. Nothing was changed.\n",
    )
    assert database.tables() == ["orders", "users", "x"]


def test_a_failing_way_back_takes_nothing_back(database: Migrated) -> None:
    third = {**SECOND, "0003_x.sql": "CREATE TABLE x (y);", "0003_x.down.sql": "DROP TABLE x;"}
    third["0002_orders.down.sql"] = "DROP TABLE orderz;"
    database.run("up", third)

    status, printed = database.run("back", FIRST)

    assert (status, "the way back from 0002_orders.sql, line 1: no such table" in printed) == (
        3,
        True,
    )
    assert database.tables() == ["orders", "users", "x"]


def test_going_back_also_applies_what_is_missing(database: Migrated) -> None:
    assert database.run("back", FIRST) == (0, "applied 0001_users.sql\n")


def test_many_migrate_one_database_at_once(database: Migrated) -> None:
    processes = [database.start("up", SECOND) for _ in range(5)]
    printed = [process.communicate(timeout=20)[0] for process in processes]

    assert [process.returncode for process in processes] == [0] * 5
    assert "".join(printed).count("applied 0001_users.sql") == 1
    assert "".join(printed).count("applied 0002_orders.sql") == 1
    assert database.ask("SELECT count(*) FROM orders") == [(1,)]


def test_what_is_observed_changes_nothing(database: Migrated) -> None:
    nothing: dict[str, object] = {"applied": {}, "recorded": {}, "observed": {}}

    assert json.loads(database.run("observe", {})[1]) == {**nothing, "no_place": None}
    assert not database.path.exists()


def test_a_change_by_hand_is_seen_beside_the_record(database: Migrated) -> None:
    database.run("up", FIRST)
    database.ask("CREATE TABLE byhand (x)")

    observed = json.loads(database.run("observe", {})[1])

    (users,) = in_order(FIRST)
    assert observed["applied"] == {"0001_users.sql": users.checksum}
    assert list(observed["recorded"]) == ["table users"]
    assert observed["observed"]["table byhand"] == "CREATE TABLE byhand (x)"


def test_a_change_by_hand_is_noted_before_it_becomes_part_of_the_record(
    database: Migrated,
) -> None:
    database.run("up", FIRST)
    database.ask("CREATE TABLE byhand (x)")

    assert database.run("up", SECOND) == (
        0,
        (
            "note: table byhand was changed by hand; it is part of the schema from now on\n"
            "applied 0002_orders.sql\n"
        ),
    )


def test_a_script_is_split_where_statements_end() -> None:
    trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  SELECT 1;\n  SELECT 2;\nEND;"
    text = f"-- a; comment\nSELECT ';';\n{trigger}\n\n;;\n  SELECT 3"

    assert list(statements(text)) == [
        ("-- a; comment\nSELECT ';';", 1),
        (trigger, 3),
        ("SELECT 3;", 9),
    ]


def test_a_statement_that_never_ends_is_an_error(database: Migrated) -> None:
    status, printed = database.run("up", {"0001_a.sql": f"{USERS}\nSELECT 'open"})

    assert status == 3
    assert printed.startswith("0001_a.sql, line 2: unrecognized token")


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (
            ["0001_a.sql", "0003_c.sql"],
            "0003_c.sql should be number 0002 after 0001_a.sql. Nothing was changed.",
        ),
        (
            ["0001_a.sql", "0001_b.sql"],
            "0001_b.sql should be number 0002 after 0001_a.sql. Nothing was changed.",
        ),
        (
            ["0002_b.sql"],
            "0002_b.sql should be number 0001 at the beginning. Nothing was changed.",
        ),
        (
            ["users.sql"],
            (
                "users.sql is no migration's name: it must be like 0007_add_orders.sql. "
                "Nothing was changed."
            ),
        ),
        (
            ["0001_a.sql", "0001_b.down.sql"],
            "0001_b.down.sql leads back from 0001_b.sql, which is not there. Nothing was changed.",
        ),
    ],
)
def test_files_that_are_in_no_order_are_refused(names: list[str], complaint: str) -> None:
    with pytest.raises(Refused) as refused:
        in_order(dict.fromkeys(names, ""))

    assert str(refused.value) == complaint


def test_an_empty_folder_has_no_migrations(tmp_path: Path) -> None:
    assert read_migrations(tmp_path) == []


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        read_migrations(tmp_path / "migratoins")

    assert str(refused.value) == (
        f"There is no folder of migrations {tmp_path}/migratoins, so nobody knows which files "
        "should be applied. Let `directory` name it as it is called at this revision; where there "
        "are no migrations yet, make it, and leave it empty. Nothing was changed."
    )


def test_a_way_back_that_leaves_nothing_needs_consent(database: Migrated) -> None:
    database.run("up", FIRST)
    other = {"0001_other.sql": "CREATE TABLE other (id);"}

    assert database.run("back", other) == (
        6,
        "Nothing that is applied would stay. Nothing was changed.\n",
    )
    assert database.tables() == ["users"]
    assert database.run("back-everything", other) == (
        0,
        "took back 0001_users.sql\napplied 0001_other.sql\n",
    )
    assert database.tables() == ["other"]
