"""Migration files rendered into one script that psql reads from its standard input.

Every statement is a literal that psql sends as it stands (`\\gexec`): nothing in a file is a
command or a variable to psql. A file's statements, its row and the fingerprint of the schema
after it are one transaction. The lock is the session's, so it goes when the connection does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from resources.library.postgres.files import Part, PostgresFile
from resources.library.postgres.literals import literal
from resources.library.postgres.queries import Queries, wanted
from resources.library.postgres.session import Session

VERDICT = "orbits: "
DONE, REFUSED, OBSERVED = "done", "refused", "observed"
NO_WAY_BACK, NOTHING_STAYS = "no-way-back", "nothing-stays"


@dataclass(frozen=True)
class Place:
    """What a line of the script stands for, such as `0002_orders.sql, line 14`.

    `left` is what a failure there leaves behind.
    """

    name: str
    left: str = ""


@dataclass(frozen=True)
class PsqlScript:
    """A script, and what its lines stand for where that is a file."""

    text: str
    places: Mapping[int, Place]


class PostgresScript:
    """Writes one script for one schema of a database."""

    def __init__(self, schema: str, files: Sequence[PostgresFile], lock_timeout: timedelta) -> None:
        self._sql = Queries(schema)
        self._session = Session(schema, round(lock_timeout / timedelta(milliseconds=1)))
        self._files = files
        self._lines: list[str] = []
        self._places: dict[int, Place] = {}

    def up(self) -> PsqlScript:
        """Apply what is not applied yet, each file in a transaction of its own."""
        self._begin()
        self._apply()
        return self._done()

    def back(self, *, everything: bool) -> PsqlScript:
        """Take back what is applied and not among the files, newest first; then as `up`.

        `everything` is the consent to it where that is all there is.
        """
        self._begin()
        if not everything:
            self._stop_where(NOTHING_STAYS, self._sql.nothing_stays())
        self._stop_where(REFUSED, self._sql.problems(going_back=True))
        self._stop_where(NO_WAY_BACK, self._sql.without_way_back())
        self._place(Place("the way back"), f"{self._sql.taking_back()} \\gexec")
        self._apply()
        return self._done()

    def observe(self) -> PsqlScript:
        """Print what is applied and what was changed by hand, and change nothing."""
        self._add(
            f"{self._sql.are_no_tables()} \\gset",
            "\\if :bare",
            "\\set observed '{}'",
            "\\else",
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;",
            "SET LOCAL search_path = pg_catalog;",
            f"{self._sql.observed()} AS observed \\gset",
            "COMMIT;",
            "\\endif",
            f"\\echo '{VERDICT}{OBSERVED}' :observed",
        )
        return self._script()

    def drop(self) -> PsqlScript:
        """Drop the schema with all that is in it; `public` is made again, empty."""
        self._lock()
        self._add("BEGIN;", f"DROP SCHEMA IF EXISTS {self._sql.schema} CASCADE;")
        if self._sql.schema == '"public"':
            self._add("CREATE SCHEMA public;")
        self._add("COMMIT;")
        return self._done()

    def _begin(self) -> None:
        self._lock()
        self._add(
            f"{self._sql.make_tables()};",
            f"SELECT {wanted(self._files)} AS desired,"
            f" {literal(self._session.settings())} AS settings,"
            f" {literal(self._sql.record())} AS recording \\gset",
        )

    def _lock(self) -> None:
        self._add(
            f"{self._session.settings()};",
            f"{self._session.try_lock()} \\gset",
            "\\if :locked",
            "\\else",
            f"{self._session.holder()};",
            f"{self._session.wait_for_lock()};",
            "\\endif",
        )

    def _apply(self) -> None:
        self._stop_where(REFUSED, self._sql.problems(going_back=False))
        self._add(
            f"SELECT EXISTS ({self._sql.pending()}) AS pending \\gset",
            "\\if :pending",
            "BEGIN;",
            "SET LOCAL search_path = pg_catalog;",
            f"{self._sql.notes_of_changes()};",
            "COMMIT;",
            "\\else",
            "\\echo 'nothing to apply'",
            "\\endif",
        )
        for number, file in enumerate(self._files):
            self._add(
                f"{self._sql.is_pending(file.name, f'pending_{number}')} \\gset",
                f"\\if :pending_{number}",
                ":settings;",
            )
            (self._apply_outside if file.up.outside else self._apply_inside)(file)
            self._add(f"{self._sql.told(file.name)};", "\\endif")

    def _apply_inside(self, file: PostgresFile) -> None:
        self._add("BEGIN;")
        self._run(file.up)
        self._add(":settings;", f"{self._sql.remember(file, applied=True)};", ":recording;")
        self._place(Place(f"{file.name}, at its end", _left(file.up)), "COMMIT;")

    def _apply_outside(self, file: PostgresFile) -> None:
        # An index that is built beside the traffic waits for it, however long that takes.
        self._add("SET lock_timeout = 0;", f"{self._sql.remember(file, applied=False)};")
        self._run(file.up)
        self._add(
            ":settings;", "BEGIN;", f"{self._sql.complete(file.name)};", ":recording;", "COMMIT;"
        )

    def _run(self, part: Part) -> None:
        for statement in part.statements:
            place = Place(f"{part.name}, line {statement.line}", _left(part))
            self._place(place, f"SELECT {literal(statement.in_its_place)} \\gexec")

    def _stop_where(self, verdict: str, problems: str) -> None:
        self._add(
            f"{self._sql.gathered(problems)} \\gset",
            "\\if :stopped",
            f"\\echo '{VERDICT}{verdict}' :problem",
            "\\quit",
            "\\endif",
        )

    def _done(self) -> PsqlScript:
        self._add(f"\\echo '{VERDICT}{DONE}'")
        return self._script()

    def _script(self) -> PsqlScript:
        return PsqlScript("\n".join(self._lines) + "\n", self._places)

    def _add(self, *texts: str) -> None:
        for text in texts:
            self._lines += text.split("\n")

    def _place(self, place: Place, text: str) -> None:
        """Add what psql names by its last line where it fails."""
        self._add(text)
        self._places[len(self._lines)] = place


def _left(part: Part) -> str:
    if part.outside:
        return (
            f"{part.name} is no transaction: what stands before that line is done, and the next "
            "time all of it runs again."
        )
    return f"Nothing of {part.name} was applied."
