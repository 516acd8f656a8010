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
    sound = path
    try:
        if _is_parquet(path):
            draft, form = _parquet(con, path, source)
        else:
            if inspection.is_damaged:
                mended = mend(path, scratch / f"{file_id}.txt", settings.cleaning.max_line_bytes)
                sound = mended.path
                _refuse(con, mended.bad_lines)
            draft, form = _text_draft(con, sound, source, settings, inspection), source.timestamp_format
        formatted = source.model_copy(update={"timestamp_format": form})
        query = canonical.staged_sql(draft, settings, formatted, file_id, now)
        con.execute(f"create or replace temp table staged as {query}")
    finally:
        if sound != path:
            sound.unlink(missing_ok=True)
    con.execute("insert into refused select line_number, reason, raw_line from staged where reason is not null")


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


def _text_draft(
    con: duckdb.DuckDBPyConnection, path: Path, source: Source, settings: Settings, inspection: Inspection
) -> str:
    layout = table.read_layout(path, source) if source.format == "table" else table.Layout("json_lines")
    if layout.kind == "delimited":
        _read_delimited(con, path, source, settings, layout)
        return table.delimited_draft(path, source, layout, "numbered")
    _read_lines(con, path, settings, inspection)
    return tracker.draft_sql("numbered") if source.format == "tracker" else table.json_lines_draft(source, "numbered")


def _read_lines(con: duckdb.DuckDBPyConnection, path: Path, settings: Settings, inspection: Inspection) -> None:
    """Every line of a text file with its number; blank ones are no lines, but they are counted."""
    limit = max(settings.cleaning.max_line_bytes + 2, 1 << 16)
    con.execute(
        f"""create or replace temp table numbered as
        with lines as (
            select row_number() over () as line_number, line
            from read_csv({quote(str(path))}, columns = {{'line': 'VARCHAR'}}, delim = '\x01', quote = '', escape = '',
                header = false, auto_detect = false, strict_mode = false, max_line_size = {limit},
                compression = {quote(_compression(path))})
        )
        select line_number, line from lines where trim(line, ' \t\r') <> ''"""
    )


def _compression(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(b"\x1f\x8b"):
        return "gzip"
    return "zstd" if start == b"\x28\xb5\x2f\xfd" else "none"


def _read_delimited(
    con: duckdb.DuckDBPyConnection, path: Path, source: Source, settings: Settings, layout: table.Layout
) -> None:
    """The rows of delimited text; those that do not fit the columns are refused as bad_row."""
    limit = max(settings.cleaning.max_line_bytes + 2, 1 << 16)
    columns = ", ".join(f"{quote('c_' + name)}: 'VARCHAR'" for name in layout.columns)
    for leftover in ("bad_rows", "bad_scans"):
        con.execute(f"drop table if exists {leftover}")
    con.execute(
        f"""create or replace temp table ranked as
        select row_number() over () as rank, *
        from read_csv({quote(str(path))}, columns = {{{columns}}}, delim = {quote(layout.delimiter)}, quote = '"',
            escape = '"', header = false, skip = {int(source.header)}, auto_detect = false, max_line_size = {limit},
            store_rejects = true, rejects_table = 'bad_rows', rejects_scan = 'bad_scans',
            compression = {quote(_compression(path))})"""
    )
    con.execute(
        """create or replace temp table gaps as
        select line as line_number, min(csv_line) as raw_line, line - row_number() over (order by line) as after_rank
        from bad_rows group by line"""
    )
    con.execute("insert into refused select line_number, 'bad_row', rtrim(raw_line, chr(10) || chr(13)) from gaps")
    # Line numbers count from the top of the file, header included; rows after a refused one move on by one.
    n_gaps = con.execute("select count(*) from gaps").fetchone()
    if not n_gaps or n_gaps[0] == 0:
        shift = "0"
    else:
        shift = f"(select count(*) from gaps where gaps.after_rank - {int(source.header)} < ranked.rank)"
    con.execute(
        f"""create or replace temp view numbered as
        select rank + {int(source.header)} + {shift} as line_number, * exclude (rank) from ranked"""
    )
