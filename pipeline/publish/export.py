"""`growthhouse export`: one published table as CSV, Parquet or JSON lines, for a program that cannot read DuckDB.

The analysts' connection does the work: besides the published file it can reach the one file it writes, and nothing
else. A spreadsheet runs cells that look like formulas, so text cells of a CSV that begin like one get an apostrophe in
front (https://owasp.org/www-community/attacks/CSV_Injection); numbers and dates are typed columns and stay as they
are.
"""

from __future__ import annotations

import difflib
import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipeline.home.error_advice import describe_unwritten, is_full
from pipeline.home.paths import HomePaths
from pipeline.home.sql_text import identifier, quote
from pipeline.publish.analyst import connect

FORMATS = {
    ".csv": "format csv, header true",
    ".parquet": "format parquet, compression zstd",
    ".jsonl": "format json, array false",
}
# How a formula begins, plain and full-width; white space before it is skipped by some programs.
_FORMULA = "^[\\s]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|^[\\t\\r\\n]"
_MAX_NAME_BYTES = 255  # of the usual file systems
_PLAIN = ("BOOLEAN", "DATE", "TIME", "TIMESTAMP", "INTERVAL", "DECIMAL", "DOUBLE", "FLOAT")


class ExportError(Exception):
    """Why nothing was written, for a person."""


def export(paths: HomePaths, table: str, target: Path, *, force: bool = False) -> int:
    """Write a published table to `target`, whole or not at all; returns the number of rows."""
    target = _checked_target(paths, target, force)
    temporary = target.with_name(f".growthhouse-{os.getpid()}.tmp")  # short, as the target's name may be of any length
    try:
        # Created here, so that it is readable by its owner only from its first byte.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with connect(paths, writable=temporary) as con:
            schema, name = _find(con, table)
            query, options = _copy(con, schema, name, target.suffix.lower())
            row = con.execute(f"copy ({query}) to {quote(temporary)} ({options}, use_tmp_file false)").fetchone()
        _put(temporary, target, force)
        _remember(paths, f"{schema}.{name}", target)
    except OSError as error:
        raise ExportError(describe_unwritten(error, target, "choose a folder that this user can write")) from error
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        if is_full(str(error)):
            raise ExportError(describe_unwritten(error, target, "")) from error
        raise ExportError(f"{table} could not be exported: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return int(row[0]) if row else 0


def _checked_target(paths: HomePaths, target: Path, force: bool) -> Path:
    if target.suffix.lower() not in FORMATS:
        raise ExportError(f"{target}: the file extension selects the format, expected one of {', '.join(FORMATS)}")
    if len(os.fsencode(target.name)) > _MAX_NAME_BYTES:
        raise ExportError(f"{target.name[:40]}… is longer than the {_MAX_NAME_BYTES} bytes a file name may have")
    folder = target.expanduser().absolute().parent.resolve()
    if not folder.is_dir():
        raise ExportError(f"there is no folder {folder}; create it first")
    if folder.is_relative_to(paths.data.resolve()):
        raise ExportError(
            f"{folder} belongs to growthhouse, which would read or remove the file; choose a place elsewhere"
        )
    whole = folder / target.name
    if whole.is_dir():
        raise ExportError(f"{whole} is a folder")
    if os.path.lexists(whole) and not force:
        raise ExportError(f"{whole} exists; --force replaces it")
    return whole


def _find(con: duckdb.DuckDBPyConnection, table: str) -> tuple[str, str]:
    """The table of that name, with or without its schema; only names from the catalogue are returned."""
    known = [
        (schema, name)
        for schema, name in con.execute(
            "select table_schema, table_name from information_schema.tables where table_catalog = current_database() "
            "order by 1, 2"
        ).fetchall()
    ]
    found = [(schema, name) for schema, name in known if table in (f"{schema}.{name}", name)]
    if len(found) == 1:
        return found[0]
    names = [f"{schema}.{name}" for schema, name in found or known]
    if found:
        raise ExportError(f"{table} is the name of several tables: {', '.join(names)}")
    close = difflib.get_close_matches(table, [*names, *(name for _, name in known)], n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(names)}"
    raise ExportError(f"no published table {table}; {hint}")


def _copy(con: duckdb.DuckDBPyConnection, schema: str, name: str, ending: str) -> tuple[str, str]:
    """The query and the options of the COPY."""
    table = f"{identifier(schema)}.{identifier(name)}"
    if ending != ".csv":
        return f"select * from {table}", FORMATS[ending]
    columns = con.execute(f"describe {table}").fetchall()
    cells = ", ".join(f"{_cell(column, kind)} as {identifier(_guarded(column))}" for column, kind, *_ in columns)
    quoted = ", ".join(identifier(_guarded(column)) for column, kind, *_ in columns if not _is_plain(kind))
    # Quotes around every text: a comma or semicolon inside one starts no cell, whatever the reader splits at.
    options = f"{FORMATS['.csv']}, force_quote ({quoted})" if quoted else FORMATS[".csv"]
    return f"select {cells} from {table}", options


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION"))


def _is_plain(kind: str) -> bool:
    return (not _is_nested(kind) and kind.startswith(_PLAIN)) or kind.endswith(("INT", "INTEGER"))


def _cell(column: str, kind: str) -> str:
    name = identifier(column)
    if _is_plain(kind):
        return name
    text = f"cast({f'to_json({name})' if _is_nested(kind) else name} as varchar)"
    return f"case when regexp_matches({text}, {quote(_FORMULA)}) then '''' || {text} else {text} end"


def _guarded(column: str) -> str:
    """The same for a column's name."""
    return f"'{column}" if column.lstrip()[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20") else column


def _put(temporary: Path, target: Path, force: bool) -> None:
    """Under its name in one step; without force, never over a file that came meanwhile."""
    with temporary.open("rb") as handle:
        os.fsync(handle.fileno())
    if force:
        os.replace(temporary, target)
        return
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise ExportError(f"{target} exists; --force replaces it") from None


def _remember(paths: HomePaths, table: str, target: Path) -> None:
    """Exported files are out of reach of an erasure, so an erasure must list them."""
    line = {"exported_at": datetime.now(UTC).isoformat(timespec="seconds"), "table": table, "file": str(target)}
    with suppress(OSError):  # an analyst's account may not write here
        paths.exports.parent.mkdir(parents=True, exist_ok=True)
        with paths.exports.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(line) + "\n")
