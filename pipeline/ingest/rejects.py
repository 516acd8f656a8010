"""Rejected lines in the lake, for a person to read: those of files that count, whether a night has published or not.

What is private stays hidden, by the rules of the config as it is now. Not here: rejecting lines (read.py).
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import duckdb

from pipeline.home.memory import memory_limit
from pipeline.home.sql_text import file_list
from pipeline.ingest.lake.files import Lake, name_of
from pipeline.ingest.lake.ledger import LedgerRow, read_ledger
from pipeline.ingest.pseudonyms import privacy_filter
from pipeline.ingest.result import IngestError
from pipeline.settings import Settings

_SHOWN_CHARS = 200


@dataclass(frozen=True)
class Rejects:
    """Which rejected lines: all, or those of a source, a file (its name, or a pattern with *) and a reason."""

    source: str | None = None
    file: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Sample:
    """How many lines of a source were rejected for a reason, and the first of them."""

    source: str
    reason: str
    n_lines: int
    file: str
    line_number: int
    line: str

    def __str__(self) -> str:
        return f"{self.source}: {self.reason} {self.n_lines:,}, as {self.file} line {self.line_number}: {self.line}"


def load_rejects(con: duckdb.DuckDBPyConnection, settings: Settings, wanted: Rejects, limit: int) -> int:
    """Fill the table `rejected_lines` with the first lines that are wanted; returns how many there are.

    IngestError where nothing was ingested yet, or no file or line is like that.
    """
    rows = _rows(settings, wanted)
    _create_view(con, settings, rows)
    found = con.execute(
        "select reason, count(*) from every_reject where reason = coalesce(?, reason) group by all", [wanted.reason]
    ).fetchall()
    if not found and wanted.reason:
        there = con.execute("select distinct reason from every_reject order by 1").fetchall()
        raise IngestError(
            f"no line was rejected for '{wanted.reason}'; reasons are: {', '.join(r for (r,) in there) or 'none'}"
        )
    _fill(con, settings, "reason = coalesce(?, reason)", [wanted.reason, limit])
    return sum(int(n) for _, n in found)


def count_rejects(con: duckdb.DuckDBPyConnection, settings: Settings, wanted: Rejects) -> None:
    """Fill the table `rejected_lines` with the number of rejected lines by source, file and reason."""
    _create_view(con, settings, _rows(settings, wanted))
    con.execute(
        """create or replace temp table rejected_lines as
        select source, file, reason, count(*) as n_lines, min(line_number) as first_line
        from every_reject where reason = coalesce(?, reason)
        group by all order by n_lines desc, source, file, reason""",
        [wanted.reason],
    )


def sample_rejects(settings: Settings, n_samples: int) -> list[Sample]:
    """Of the files read last: the most frequent reasons of each source with their first line, the most frequent first.

    A line is for the terminal only: records that an erasure does not reach must not hold it.
    """
    rows = [row for row in read_ledger(Lake(settings.data_dir / "lake").ledger) if row.is_active and row.n_rejected]
    latest = max((row.ingested_at for row in rows), default=None)
    with duckdb.connect(config={**memory_limit()}) as con:
        _create_view(con, settings, [row for row in rows if row.ingested_at == latest])
        con.execute(
            """create temp table first_lines as
            select source, reason, count(*) as n_lines,
                min(file_number) as file_number, arg_min(line_number, (file_number, line_number)) as line_number
            from every_reject group by all order by n_lines desc, source, reason limit ?""",
            [n_samples],
        )
        _fill(
            con,
            settings,
            "(file_number, line_number) in (select (file_number, line_number) from first_lines)",
            [n_samples],
        )
        found = con.execute(
            """select source, reason, n_lines, file, rejected_lines.line_number, coalesce(raw_line, '')
            from first_lines inner join rejected_lines using (source, reason) order by n_lines desc, 1, 2"""
        ).fetchall()
    return [
        Sample(source, reason, n, file, number, shown_line(line)) for source, reason, n, file, number, line in found
    ]


def describe_rejects(settings: Settings) -> str:
    """Why lines were rejected, by source and reason, with the place of the first: without any content."""
    rows = [row for row in read_ledger(Lake(settings.data_dir / "lake").ledger) if row.is_active and row.n_rejected]
    with duckdb.connect(config={**memory_limit()}) as con:
        _create_view(con, settings, rows)
        found = con.execute(
            """select source, string_agg(format('{} {:,} (first in {}, line {})', reason, n, file, line_number),
                ', ' order by n desc, reason)
            from (
                select source, reason, count(*) as n,
                    arg_min(file, (file_number, line_number)) as file,
                    arg_min(line_number, (file_number, line_number)) as line_number
                from every_reject group by source, reason
            )
            group by source order by sum(n) desc, source"""
        ).fetchall()
    return "\n".join(f"  {source}: {reasons}" for source, reasons in found)


def shown_line(line: str) -> str:
    """The beginning of a line with nothing that a terminal would obey: strangers wrote it."""
    shown = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in line)
    return shown if len(shown) <= _SHOWN_CHARS else f"{shown[:_SHOWN_CHARS]}…"


def _rows(settings: Settings, wanted: Rejects) -> list[LedgerRow]:
    """The files with rejected lines that are wanted."""
    lake = Lake(settings.data_dir / "lake")
    rows = [row for row in read_ledger(lake.ledger) if row.is_active]
    if not rows:
        raise IngestError(f"no file of {settings.home} was read yet; `growthhouse run` reads the files of the sources")
    _check_name("source", wanted.source, [row.source for row in rows] + [source.name for source in settings.sources])
    rows = [row for row in rows if wanted.source in (None, row.source)]
    if wanted.file is not None:
        matching = [row for row in rows if _is_named(row.file, wanted.file)]
        if not matching:
            _check_name("file", wanted.file, [row.file for row in rows])
        rows = matching
    return [row for row in rows if row.n_rejected]


def _is_named(file: str, wanted: str) -> bool:
    return file == wanted or file.endswith(f"/{wanted}") or fnmatchcase(file, wanted)


def _check_name(kind: str, wanted: str | None, known: Sequence[str]) -> None:
    if wanted is not None and wanted not in known:
        names = sorted(set(known))
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        raise IngestError(f"no {kind} '{wanted}' was read; there are {', '.join(names[:10]) or 'none'}{more}")


def _create_view(con: duckdb.DuckDBPyConnection, settings: Settings, rows: Sequence[LedgerRow]) -> None:
    """`every_reject`: the rejected lines of these files, with file_number, source and file as the ledger has them."""
    lake, names = Lake(settings.data_dir / "lake"), {row.lake_name for row in rows}
    con.execute(
        "create or replace temp table files (file_number bigint, file_id varchar, source varchar, file varchar)"
    )
    for number, row in enumerate(sorted(rows, key=lambda row: (row.source, row.file))):
        con.execute("insert into files values (?, ?, ?, ?)", [number, row.file_id, row.source, row.file])
    present = [path for path in lake.rejected.glob("*.parquet") if name_of(path) in names]
    empty = "(select '' as file_id, 0::bigint as line_number, '' as reason, '' as raw_line where false)"
    relation = f"read_parquet({file_list(present)}, union_by_name = true)" if present else empty
    con.execute(
        f"""create or replace temp view every_reject as
        select file_number, files.source, files.file, line_number, reason, raw_line
        from {relation} as lines inner join files on lines.file_id = files.file_id"""
    )


def _fill(con: duckdb.DuckDBPyConnection, settings: Settings, where: str, parameters: list[object]) -> None:
    """`rejected_lines` from the lines that meet a condition, without what is private."""
    con.execute(f"set temp_directory = '{tempfile.gettempdir()}'")
    con.execute(
        f"""create or replace temp table rejected as
        select file_number, line_number, reason, raw_line from every_reject where {where}
        order by file_number, line_number limit ?""",
        parameters,
    )
    privacy = privacy_filter(settings)
    privacy.install(con)
    privacy.guard_rejected(con)
    con.execute(
        """create or replace temp table rejected_lines as
        select source, file, line_number, reason, raw_line
        from rejected inner join files on rejected.file_number = files.file_number
        order by source, file, line_number"""
    )
