# ruff: noqa: S608 (what is put into a statement is quoted)
"""The statements about what is applied to a schema of PostgreSQL, and what it looked like then."""

import json
from collections.abc import Sequence

from resources.library.postgres.files import Part, PostgresFile
from resources.library.postgres.fingerprint import objects_of
from resources.library.postgres.literals import do, literal, quoted


class Queries:
    """Statements without their semicolons; `:desired` in them is the files as JSON."""

    def __init__(self, schema: str) -> None:
        self.schema = quoted(schema)
        self._files = f"{self.schema}.orbits_migrations"
        self._kept = f"{self.schema}.orbits_schema"
        self._objects = objects_of(literal(self.schema))

    def make_tables(self) -> str:
        """Make what is not there yet."""
        files = (
            'name text COLLATE "C" PRIMARY KEY, checksum text NOT NULL, down text[],'
            " down_outside boolean NOT NULL, begun_at timestamptz NOT NULL,"
            " applied_at timestamptz, took interval, applied_by text NOT NULL"
        )
        kept = "id int PRIMARY KEY CHECK (id = 1), server int NOT NULL, objects jsonb NOT NULL"
        return do(
            f"IF to_regnamespace({literal(self.schema)}) IS NULL THEN"
            f" CREATE SCHEMA {self.schema}; END IF;"
            f" IF to_regclass({literal(self._kept)}) IS NULL THEN"
            f" CREATE TABLE {self._files} ({files}); CREATE TABLE {self._kept} ({kept}); END IF;"
        )

    def are_no_tables(self) -> str:
        """Answer as `bare` whether no migration was ever tried."""
        return f"SELECT to_regclass({literal(self._kept)}) IS NULL AS bare"

    def problems(self, *, going_back: bool) -> str:
        """Answer why these files cannot be this schema's, one row for each reason."""
        applied = f"(SELECT * FROM {self._files} WHERE applied_at IS NOT NULL) AS a"
        desired = "jsonb_to_recordset(:'desired'::jsonb) AS d (name text, checksum text)"
        edited = (
            "SELECT a.name || ' was edited after it was applied (applied was sha256:' ||"
            " left(a.checksum, 12) || ', the file is sha256:' || left(d.checksum, 12) ||"
            " '); put it back, and write a new file instead'"
            f" FROM {applied} JOIN {desired} USING (name) WHERE a.checksum <> d.checksum"
        )
        if going_back:
            return edited
        unknown = (
            "SELECT a.name || ' is applied, but not among the files; put it back, or undo it by a"
            " rollback to this revision instead of an update'"
            f" FROM {self._files} AS a"
            f" WHERE NOT EXISTS (SELECT FROM {desired} WHERE d.name = a.name)"
        )
        early = (
            "SELECT d.name || ' comes before ' || newest.name || ', which is applied already;"
            f" give it a later number' FROM {desired}, (SELECT max(name) AS name FROM {applied})"
            ' AS newest WHERE d.name COLLATE "C" < newest.name'
            f" AND NOT EXISTS (SELECT FROM {applied} WHERE a.name = d.name)"
        )
        return f"{edited} UNION ALL {unknown} UNION ALL {early}"

    def gathered(self, problems: str) -> str:
        """Answer as `stopped` whether there are problems, and as `problem` which."""
        return (
            "SELECT string_agg(problem, '; ' ORDER BY problem) AS problem, count(*) > 0 AS stopped"
            f" FROM ({problems}) AS found (problem)"
        )

    def without_way_back(self) -> str:
        """Answer which files would have to be taken back and cannot be."""
        return (
            "SELECT name || ' was applied without a ' ||"
            " regexp_replace(name, '[.]sql$', '.down.sql')"
            f" FROM {self._files} WHERE down IS NULL AND {self._extra()}"
        )

    def nothing_stays(self) -> str:
        """Answer one row where all that is applied would have to be taken back."""
        return (
            f"SELECT 'nothing stays' WHERE EXISTS (SELECT FROM {self._files}) AND NOT EXISTS"
            f" (SELECT FROM {self._files} WHERE NOT {self._extra()})"
        )

    def taking_back(self) -> str:
        """Answer the statements that take back what is not desired, in their order.

        The ways down are those that were kept when the files were applied.
        """
        forget = f"'DELETE FROM {self._files} WHERE name = ' || quote_literal(name)"
        parts = [
            "SELECT name, 0, 0, 'SELECT ' || quote_literal('takes back ' || name) FROM extra",
            "SELECT name, 1, 0, :'settings' FROM extra",
            "SELECT name, 2, 0, 'BEGIN' FROM extra WHERE NOT down_outside",
            "SELECT name, 2, 0, 'SET lock_timeout = 0' FROM extra WHERE down_outside",
            "SELECT name, 3, n, text FROM extra, unnest(down) WITH ORDINALITY AS s (text, n)",
            "SELECT name, 4, 0, 'BEGIN' FROM extra WHERE down_outside",
            f"SELECT name, 5, 0, {forget} FROM extra",
            "SELECT name, 6, 0, :'recording' FROM extra",
            "SELECT name, 7, 0, 'COMMIT' FROM extra",
            "SELECT name, 8, 0, 'SELECT ' || quote_literal('took back ' || name) FROM extra",
        ]
        return (
            f"WITH extra AS (SELECT * FROM {self._files} WHERE {self._extra()})"
            f" SELECT command FROM ({' UNION ALL '.join(parts)}) AS c (name, part, place, command)"
            ' ORDER BY name COLLATE "C" DESC, part, place'
        )

    def pending(self) -> str:
        """Answer the files that are to be applied."""
        return (
            "SELECT FROM jsonb_to_recordset(:'desired'::jsonb) AS d (name text, checksum text)"
            f" WHERE NOT EXISTS (SELECT FROM {self._files} AS a WHERE a.name = d.name"
            " AND a.applied_at IS NOT NULL)"
        )

    def is_pending(self, name: str, variable: str) -> str:
        """Answer as `variable` whether a file is to be applied."""
        return (
            f"SELECT NOT EXISTS (SELECT FROM {self._files} WHERE name = {literal(name)}"
            f" AND applied_at IS NOT NULL) AS {variable}"
        )

    def remember(self, file: PostgresFile, *, applied: bool) -> str:
        """Write down that a file is applied, or only that it is begun."""
        down, outside = _kept_down(file.down)
        done = "clock_timestamp()" if applied else "NULL"
        took = "clock_timestamp() - now()" if applied else "NULL"
        return (
            f"INSERT INTO {self._files} VALUES ({literal(file.name)}, {literal(file.checksum)},"
            f" {down}, {outside}, now(), {done}, {took},"
            " current_setting('application_name')) ON CONFLICT (name) DO UPDATE SET"
            " checksum = excluded.checksum, down = excluded.down,"
            " down_outside = excluded.down_outside, begun_at = excluded.begun_at,"
            " applied_at = excluded.applied_at, took = excluded.took,"
            " applied_by = excluded.applied_by"
        )

    def complete(self, name: str) -> str:
        """Write down that a file that was begun is applied."""
        return (
            f"UPDATE {self._files} SET applied_at = clock_timestamp(),"
            f" took = clock_timestamp() - begun_at WHERE name = {literal(name)}"
        )

    def told(self, name: str) -> str:
        """Answer, in words, that a file was applied."""
        return (
            "SELECT 'applied ' || name || ' in ' || round(extract(epoch FROM took) * 1000) || ' ms'"
            f" FROM {self._files} WHERE name = {literal(name)}"
        )

    def record(self) -> str:
        """Keep the schema as it is now; for the inside of a transaction."""
        return (
            f"SET LOCAL search_path = pg_catalog; INSERT INTO {self._kept}"
            " SELECT 1, current_setting('server_version_num')::int / 10000,"
            " coalesce(jsonb_object_agg(object, definition), '{}')"
            f" FROM ({self._objects}) AS now"
            " ON CONFLICT (id) DO UPDATE SET server = excluded.server, objects = excluded.objects"
        )

    def changes_by_hand(self) -> str:
        """Answer `object`, `recorded` and `observed` of what is not as the last file left it.

        Servers of different age write one definition in different ways: then only what was
        added or taken away is told. `search_path` is to be `pg_catalog`.
        """
        return (
            "SELECT coalesce(was.key, now.object) AS object, was.value AS recorded,"
            f" now.definition AS observed FROM (SELECT server, key, value FROM {self._kept},"
            f" jsonb_each_text(objects)) AS was FULL JOIN ({self._objects}) AS now"
            f" ON was.key = now.object WHERE EXISTS (SELECT FROM {self._kept})"
            " AND was.value IS DISTINCT FROM now.definition AND (was.server IS NULL"
            " OR now.object IS NULL OR"
            " was.server = current_setting('server_version_num')::int / 10000)"
        )

    def notes_of_changes(self) -> str:
        """Answer the same in words, for the log."""
        note = "was changed by hand; it is part of the schema from now on"
        found = self.changes_by_hand()
        return f"SELECT 'note: ' || object || ' {note}' FROM ({found}) AS c ORDER BY object"

    def observed(self) -> str:
        """Answer everything as one line of JSON."""
        row = "name, checksum, applied_at IS NOT NULL AS done"
        return (
            "SELECT jsonb_build_object('files', (SELECT coalesce(jsonb_agg(f ORDER BY f.name),"
            f" '[]') FROM (SELECT {row} FROM {self._files}) AS f), 'by_hand',"
            " (SELECT coalesce(jsonb_agg(c ORDER BY c.object), '[]')"
            f" FROM ({self.changes_by_hand()}) AS c))"
        )

    def _extra(self) -> str:
        return (
            "NOT EXISTS (SELECT FROM jsonb_to_recordset(:'desired'::jsonb) AS d (name text)"
            " WHERE d.name = orbits_migrations.name)"
        )


def wanted(files: Sequence[PostgresFile]) -> str:
    """Answer the files as the literal that `:desired` is."""
    listed = [{"name": each.name, "checksum": each.checksum} for each in files]
    return literal(json.dumps(listed))


def _kept_down(down: Part | None) -> tuple[str, str]:
    if down is None:
        return "NULL", "false"
    kept = ", ".join(literal(each.in_its_place) for each in down.statements)
    return f"ARRAY[{kept}]::text[]", str(down.outside).lower()
