# ruff: noqa: S608 (what is put into a statement is quoted)
"""How a session is set up that migrates a schema, and how it keeps others from doing so."""

from resources.library.postgres.literals import do, literal, quoted

LOCK_CLASS = 0x6F726273
"""Tells our advisory locks from those of applications; the second number is the schema's."""


class Session:
    """Statements for the beginning of a session, without their semicolons."""

    def __init__(self, schema: str, lock_milliseconds: int) -> None:
        self._schema = quoted(schema)
        self._key = f"hashtext({literal(schema)})"
        self._lock = f"{LOCK_CLASS}, {self._key}"
        self._lock_milliseconds = lock_milliseconds

    def settings(self) -> str:
        """Undo what a file did to the session, and let nothing but locks end a statement."""
        wanted = {
            "statement_timeout": "0",
            "transaction_timeout": "0",
            "idle_in_transaction_session_timeout": "0",
            "idle_session_timeout": "0",
            "lock_timeout": str(self._lock_milliseconds),
            "client_connection_check_interval": "1s",
            "standard_conforming_strings": "on",
            "search_path": f"{self._schema}, public",
        }
        values = ", ".join(f"({literal(name)}, {literal(text)})" for name, text in wanted.items())
        each = "PERFORM set_config(name, value, false)"
        # A server that is too old for one of them does without.
        known = (
            f"(VALUES {values}) AS wanted (name, value) JOIN pg_catalog.pg_settings USING (name)"
        )
        return (
            f"RESET ROLE; RESET ALL; {do(f'{each} FROM (SELECT name, value FROM {known}) AS w;')}"
        )

    def try_lock(self) -> str:
        """Answer as `locked` whether nobody else migrates this schema."""
        return f"SELECT pg_try_advisory_lock({self._lock}) AS locked"

    def holder(self) -> str:
        """Answer, in words, who migrates it."""
        return (
            "SELECT 'waits for `' || a.application_name || '` (process ' || a.pid || ' of the"
            " server, connected since ' || to_char(a.backend_start AT TIME ZONE 'UTC',"
            " 'YYYY-MM-DD HH24:MI:SS') || ' UTC), which migrates this schema'"
            " FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory'"
            f" AND l.granted AND l.objsubid = 2 AND l.classid::bigint = {LOCK_CLASS}"
            f" AND l.objid::bigint = ({self._key}::bigint & 4294967295) AND l.database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )

    def wait_for_lock(self) -> str:
        """Take the lock when it is free.

        It asks again and again, each time in a transaction of its own: who waits in a statement
        keeps a snapshot, for the end of which an index that is built concurrently waits.
        """
        return do(
            f"LOOP EXIT WHEN pg_try_advisory_lock({self._lock}); COMMIT;"
            " PERFORM pg_sleep(0.1); COMMIT; END LOOP;"
        )
