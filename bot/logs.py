"""Logs: a line for a person at a terminal, JSON for a machine; never a payload, never a secret."""

import logging
import sys

import structlog


def configure_logs(level: int = logging.INFO) -> None:
    """Send our logs, and those of the libraries, to standard error."""
    at_a_terminal = sys.stderr.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(
            # The default one shows the values of local variables, which may be secrets.
            exception_formatter=structlog.dev.plain_traceback
        )
        if at_a_terminal
        else structlog.processors.JSONRenderer()
    )
    traces = [] if at_a_terminal else [structlog.processors.format_exc_info]
    structlog.configure(
        processors=[*shared, *traces, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
    # The queue's pool tells each try to reach a database that is away; we tell it once.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
