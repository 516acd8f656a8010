"""What a signal (Ctrl-C, SIGTERM) makes of running code. Not here: handling signals (`pipeline.cli.signals`)."""

from __future__ import annotations

# Where a signal's exception meets a query, DuckDB replaces it by one of these.
_OF_DUCKDB = ("Query interrupted", "INTERRUPT Error: Interrupted!")


def is_interrupt(error: BaseException) -> bool:
    """Whether a signal raised this error, directly or inside DuckDB."""
    return isinstance(error, KeyboardInterrupt) or is_interrupt_text(str(error))


def is_interrupt_text(message: str) -> bool:
    """The same by the message of an error."""
    return message.strip() in _OF_DUCKDB
