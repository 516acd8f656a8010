"""Reads one raw file into the temporary tables `staged` and `refused`, whatever its format.

Belongs here: choosing the reader, mending a damaged file first, and numbering lines. The SQL of a format is in
tracker.py and table.py, that of the canonical columns in canonical.py.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from pipeline.ingest import canonical, table, tracker
from pipeline.ingest.canonical import quote
from pipeline.ingest.delimited import read_delimited
from pipeline.ingest.inspect import Inspection
from pipeline.ingest.report import IngestError
from pipeline.ingest.sanitize import BadLine, mend
from pipeline.settings import Settings, Source

SUPPORTED_FORMATS = ("tracker", "table")


def connect(scratch: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory database that spills to `scratch` and knows the macros of the readers."""
    con = duckdb.connect(config={"temp_directory": str(scratch), "autoinstall_known_extensions": "false"})
    for macro in (*canonical.MACROS, *tracker.MACROS, *MACROS):
        con.execute(macro)
    return con


MACROS = (
    """create or replace temp macro csv_cell(v, d) as case when v is null then ''
        when contains(v, d) or contains(v, '"') or contains(v, chr(10)) then '"' || replace(v, '"', '""') || '"'
        else v end""",
)


def stage_file(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    source: Source,
    settings: Settings,
    inspection: Inspection,
    file_id: str,
    now: datetime,
    scratch: Path,
) -> None:
    """Fill `staged` (canonical rows with reason) and `refused` (lines that never became a row) from one file."""
    con.execute(f"set timezone = {quote(source.timezone)}")
    con.execute("create or replace temp table refused (line_number bigint, reason varchar, raw_line varchar)")
    try:
        draft, form = _draft(con, path, source, settings, inspection, scratch)
        formatted = source.model_copy(update={"timestamp_format": form})
        query = canonical.staged_sql(draft, settings, formatted, file_id, now)
        con.execute(f"create or replace temp table staged as {query}")
    finally:
        (scratch / "mended.txt").unlink(missing_ok=True)
    con.execute("insert into refused select line_number, reason, raw_line from staged where reason is not null")


def _draft(
    con: duckdb.DuckDBPyConnection, path: Path, source: Source, settings: Settings, found: Inspection, scratch: Path
) -> tuple[str, str]:
    """The draft of a file as SQL, and the format of its timestamps."""
    if _is_parquet(path):
        return _parquet(con, path, source)
    bad_lines: list[BadLine] = []
    compression = found.compression
    if found.is_damaged:
        mended = mend(path, scratch / "mended.txt", settings.cleaning.max_line_bytes)
        path, bad_lines, compression = mended.path, mended.bad_lines, "none"
    layout = table.read_layout(path, source) if source.format == "table" else table.Layout("json_lines")
    limit = settings.cleaning.max_line_bytes
    if layout.kind == "delimited":
        bad_lines = read_delimited(
            con, path, layout, has_header=source.header, n_needed=table.n_needed_columns(path, source, layout),
            bad_lines=bad_lines, compression=compression, max_line_bytes=limit, scratch=scratch,
        )  # fmt: skip
        draft = table.delimited_draft(path, source, layout, "numbered")
    else:
        _read_lines(con, path, compression, limit)
        draft = (
            tracker.draft_sql("numbered") if source.format == "tracker" else table.json_lines_draft(source, "numbered")
        )
    _refuse(con, bad_lines)
    return draft, source.timestamp_format


def _refuse(con: duckdb.DuckDBPyConnection, bad_lines: list[BadLine]) -> None:
    for start in range(0, len(bad_lines), 1000):
        batch = bad_lines[start : start + 1000]
        rows = [[bad.line_number, bad.reason, bad.raw_line] for bad in batch]
        con.execute(
            f"insert into refused values {', '.join(['(?, ?, ?)'] * len(rows))}", [v for row in rows for v in row]
        )


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _parquet(con: duckdb.DuckDBPyConnection, path: Path, source: Source) -> tuple[str, str]:
    if source.format != "table":
        raise IngestError(f"{path}: source '{source.name}' is a {source.format}, but the file is Parquet.")
    form = "iso" if table.is_native_time(con, path, source) else source.timestamp_format
    return table.parquet_draft(con, path, source), form


def _read_lines(con: duckdb.DuckDBPyConnection, path: Path, compression: str, max_line_bytes: int) -> None:
    """Every line of a text file with its number; blank ones are no lines, but they are counted."""
    limit = max(max_line_bytes + 2, 1 << 16)
    con.execute(
        f"""create or replace temp table numbered as
        with lines as (
            select row_number() over () as line_number, line
            from read_csv({quote(str(path))}, columns = {{'line': 'VARCHAR'}}, delim = '\x01', quote = '', escape = '',
                header = false, auto_detect = false, strict_mode = false, max_line_size = {limit},
                compression = {quote(compression)})
        )
        select line_number, line from lines where trim(line, ' \t\r') <> ''"""
    )
