"""Advice for errors that the machine causes: a full disk, no memory, no right to write, a damaged file.

Recognised by the text of an error, because it passes through dbt, Dagster and DuckDB before it gets here. Not here:
input and configuration (their messages are their own).
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from pipeline.home.memory import MEMORY_VARIABLE

_STAYS = "The published version stays as it was; run `growthhouse run` again afterwards."
_FULL = ("no space left on device", "disk is full", "[errno 28]", "disk quota exceeded")
_SQLITE_WRITE = "disk i/o error"  # SQLite's message where the shared memory file of Dagster's records cannot grow
_MEMORY = (
    "out of memory",
    "memoryerror",
    "unable to allocate",
    "bad_alloc",
    "failed to allocate",
    "cannot allocate memory",
)
_READ_ONLY = (
    "read-only file system",
    "[errno 30]",
    "[errno 13]",
    "permission denied",
    "attempt to write a readonly database",
    "unable to open database file",
)
_DAMAGED_DATABASE = (
    "corrupt database file",
    "not a valid duckdb database file",
    "checksum",
    "failed to deserialize",
    "serialization error",
)
_DAMAGED = (
    *_DAMAGED_DATABASE,
    "zstd decompression",
    "snappy",
    "parquet file",
    "parquet magic",
    "thrift",
    "invalidated",
)


def advice_for(text: str, home: Path | None = None, then: str = _STAYS) -> str | None:
    """What a person can do about an error with this text; None where the machine is not the cause.

    `home` is named where the error names no path; `then` is what to do when the cause is removed.
    """
    low = text.lower()
    if home is not None:
        text += f" '{home}'"
    if any(sign in low for sign in (*_FULL, _SQLITE_WRITE)):
        what = "The disk is full or fails" if _SQLITE_WRITE in low else "The disk is full"
        return f"{what}{_where(text)}. Free some space, or give --home a larger disk. {then}"
    if any(sign in low for sign in _MEMORY):
        limit = os.environ.get(MEMORY_VARIABLE)
        what = f"{MEMORY_VARIABLE} is {limit}: raise it" if limit else "Give the night a machine with more"
        return f"The night ran out of memory. {what}, or end what else uses it. {then}"
    if any(sign in low for sign in _READ_ONLY):
        return f"A file or folder cannot be written{_where(text)}. Make it writable for this user. {then}"
    if is_damage(text):
        return (
            "A file that the night reads is damaged. It is set aside or marked, and the next night rebuilds it: "
            f"run `growthhouse run` again; `growthhouse doctor` checks every file. {then}"
        )
    return None


def is_damage(text: str) -> bool:
    """Whether an error may come from a file that is not as it was written."""
    return any(sign in text.lower() for sign in _DAMAGED)


def is_database_damage(text: str) -> bool:
    """The same for an error that DuckDB raised on one of its own files."""
    return any(sign in text.lower() for sign in _DAMAGED_DATABASE)


def is_full(text: str) -> bool:
    """Whether an error says that disk or memory is full, whatever was read or written then."""
    return any(sign in text.lower() for sign in (*_FULL, _SQLITE_WRITE, *_MEMORY))


def is_of_the_machine(text: str) -> bool:
    """Whether neither the input nor the configuration can be to blame."""
    return is_full(text) or is_damage(text)


def describe_unwritten(error: Exception, path: Path, otherwise: str) -> str:
    """Why a file that somebody asked for was not written, and what to do: on a full disk that, else `otherwise`."""
    folder = next(parent for parent in path.absolute().parents if parent.is_dir())
    if is_full(str(error)):
        free = shutil.disk_usage(folder).free / 2**20
        return f"{path} was not written: the disk is full at {folder} ({free:,.0f} MiB free). Free some space there"
    return f"{path} cannot be written: {getattr(error, 'strerror', None) or error}; {otherwise}"


def _where(text: str) -> str:
    """` at FOLDER (N MiB free)`, from the first path that the error names."""
    for name in re.findall(r"""["'](/[^"']+)["']""", text):
        folder = next(parent for parent in [Path(name), *Path(name).parents] if parent.is_dir())
        return f" at {folder} ({shutil.disk_usage(folder).free / 2**20:,.0f} MiB free)"
    return ""
