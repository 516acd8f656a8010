"""Reads a batch of raw files into the staging area of the lake, whatever their format.

Belongs here: the steps from rows to Parquet, slice by slice, so that memory does not grow with a file. Rows are loaded
in text/rows.py, the SQL of a format is in `formats`, that of the canonical columns in canonical.py.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import duckdb

from pipeline.home.memory import given_limit
from pipeline.home.sql_text import file_list, quote
from pipeline.ingest import canonical, late, mapping, properties, texts, times
from pipeline.ingest.formats import FORMATS, Draft, Format, format_of
from pipeline.ingest.json_keys import survey
from pipeline.ingest.lake.files import Staging
from pipeline.ingest.late import TOO_LATE
from pipeline.ingest.mapping import row_as_text
from pipeline.ingest.plan import RawFile
from pipeline.ingest.pseudonyms import ERASED, PrivacyFilter
from pipeline.ingest.text.layout import Layout
from pipeline.ingest.text.repair import RejectedLines
from pipeline.ingest.text.rows import InputFile, Rows, load_rows
from pipeline.settings import Settings, Source

_SLICE_ROWS = 1_000_000
_MEMORY_BYTES = 4 << 30
# Looking for common subexpressions takes longer than it saves: a quarter of the time for a few rows.
_MANY_ROWS, _FEW_ROWS, _AS_USUAL = (
    100_000,
    "set disabled_optimizers = 'common_subexpressions'",
    "set disabled_optimizers = ''",
)
_NEW_REJECTED = (
    "create or replace temp table rejected (file_number bigint, line_number bigint, reason varchar, raw_line varchar)"
)

_HAS_VALUE = {"event_id": "case when has_event_id then 1 end", "duration_s": "nullif(duration_s, 0)"}


@dataclass
class FileCounts:
    """What became of the lines of one file."""

    n_accepted: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    min_event_at: datetime | None = None
    max_event_at: datetime | None = None
    event_names: set[str] = field(default_factory=set)
    n_erased: int = 0
    first_late_at: datetime | None = None
    last_late_at: datetime | None = None
    n_counted: int | None = None  # by the bytes of the file, apart from its rows; of erased persons too
    refusal: str = ""  # why the file could not be read: nothing of it counts

    @property
    def n_lines(self) -> int:
        """Lines of the file that still count."""
        return (self.n_found if self.n_counted is None else self.n_counted) - self.n_erased

    @property
    def n_found(self) -> int:
        """Lines that became something."""
        return self.n_accepted + self.n_rejected + self.n_erased

    @property
    def n_rejected(self) -> int:
        """Rejected lines."""
        return sum(self.reasons.values())


def connect(scratch: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory database that spills to `scratch`, with the macros of all formats."""
    half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    con = duckdb.connect(
        config={
            "temp_directory": str(scratch),
            "memory_limit": given_limit() or f"{min(_MEMORY_BYTES, half) >> 20}MiB",
            "autoinstall_known_extensions": "false",
        }
    )
    con.execute("set timezone = 'UTC'")  # of Parquet's times with a zone; times without one are read in times.py
    times.install(con)
    for macro in (*texts.MACROS, *canonical.MACROS, *properties.MACROS, *mapping.MACROS):
        con.execute(macro)
    for form in FORMATS.values():
        for macro in form.macros:
            con.execute(macro)
    return con


@dataclass
class BatchReader:
    """Reads batches of files of one source."""

    con: duckdb.DuckDBPyConnection
    settings: Settings
    source: Source
    now: datetime
    staging: Staging
    privacy: PrivacyFilter
    n_accepted: int = 0
    filled_columns: set[str] = field(default_factory=set)  # of those that the config maps: with a value in some event
    _holds_back: bool = False

    def read(self, batch: list[RawFile]) -> list[FileCounts]:
        """Stage the events and rejected lines of files with one layout; the counts of each file."""
        counts = [FileCounts() for _ in batch]
        self.con.execute(_NEW_REJECTED)
        self._holds_back = late.prepare(self.con, self.settings, {file.file_id: file.late_rule for file in batch})
        scratch = self.staging.folder()
        scratch.mkdir()
        unparsed, rows = RejectedLines(scratch / "rejected.jsonl"), Rows(batch[0].layout)
        try:
            if batch[0].problem:
                self._reject_all(batch, unparsed, scratch)
            elif batch[0].layout.kind != "none":
                rows = self._load(batch, batch[0].layout, unparsed, scratch)
                self._stage(rows, counts)
            else:
                _reject_cut_off(batch, unparsed)
            unparsed.close()
            self._take_unparsed(unparsed)
        finally:
            shutil.rmtree(scratch)
            self.con.execute("drop table if exists rows; drop table if exists objects; drop table if exists staged")
        for number, n in self.privacy.guard_rejected(self.con).items():
            counts[number].n_erased += n
        for number, reason, n in self.con.execute(
            "select file_number, reason, count(*) from rejected group by all"
        ).fetchall():
            counts[number].reasons[reason] = n
        _hold_against(rows, counts)
        self.staging.write_rejected(self.con, self.source.name, [(file.file_id, file.file) for file in batch], self.now)
        return counts

    @property
    def _format(self) -> Format:
        return format_of(self.source)

    def _load(self, batch: list[RawFile], layout: Layout, unparsed: RejectedLines, scratch: Path) -> Rows:
        files = [
            InputFile(file.path, file.file_id, layout, file.inspection, file.values_of(layout.folders))
            for file in batch
        ]
        taken = {} if layout.kind == "json_lines" else self._format.columns(self.source, layout)
        required = [taken[name] for name in ("event_at", "event_name") if name in taken]
        ids = [taken[name] for name in ("user_id", "anonymous_id") if name in taken]
        required += sorted(ids, key=layout.columns.index)[:1]  # without a second id there still is an identity
        limit = self.settings.cleaning.max_line_bytes
        return load_rows(self.con, files, required, taken.get("event_at"), limit, unparsed, scratch)

    def _reject_all(self, batch: list[RawFile], unparsed: RejectedLines, scratch: Path) -> None:
        """Text that is not what its source says is rejected line by line, anything else as one line."""
        if batch[0].layout.kind != "delimited":
            for number, file in enumerate(batch):
                unparsed.add(number, 1, "bad_row", f"The file {file.problem}.")
            return
        lines = self._load(batch, Layout("json_lines"), unparsed, scratch)
        self.con.execute(
            f"""insert into rejected
            select file_number, line_number, 'bad_row', line from {lines.relation(0, lines.n_rows)}"""
        )

    def _stage(self, rows: Rows, counts: list[FileCounts]) -> None:
        known_keys = self._format.json_keys(self.source)
        is_read_anew = bool(self._format.as_object)
        if is_read_anew:
            self._read_as_objects(rows)
        is_json = is_read_anew or rows.layout.kind == "json_lines"
        found = survey(self.con, "objects" if is_read_anew else "rows", known_keys) if is_json else {}
        draft = self._format.draft(self.source, rows.layout, found)
        query_of = partial(canonical.staged_sql, may_lack_identity=self._format.may_lack_identity)
        self.con.execute(_FEW_ROWS if rows.n_rows < _MANY_ROWS else _AS_USUAL)
        for start in range(0, rows.n_rows, _SLICE_ROWS):
            end = start + _SLICE_ROWS
            relation = (
                f"(from objects where rowid >= {start} and rowid < {end})"
                if is_read_anew
                else rows.relation(start, end)
            )
            query = query_of(draft, relation, self.settings, self.source, self.now)
            self.con.execute(f"create or replace temp table staged as {query}")
            self.privacy.apply(self.con)
            if self._holds_back:
                late.mark_late(self.con)
            self._reject_staged(draft, relation)
            self._count(counts)
            self._look_for_values()
            self.staging.write_events(self.con)

    def _read_as_objects(self, rows: Rows) -> None:
        """The rows of JSON lines or Parquet as `objects`, each line in the shape that the format's mapping reads."""
        is_json = rows.layout.kind == "json_lines"
        given, is_object = ("line", "is_object") if is_json else (row_as_text(rows.layout), "true")
        self.con.execute(
            f"""create or replace temp table objects as
            select
                file_number, line_number, is_object, given,
                case when is_object then coalesce(try({self._format.as_object}), given) else given end as line
            from (
                select file_number, line_number, {is_object} as is_object, {given} as given
                from {rows.relation(0, rows.n_rows)}
            )"""
        )

    def _reject_staged(self, draft: Draft, relation: str) -> None:
        """The text of the few rejected rows is read again: carrying it along would cost every row."""
        self.con.execute(
            f"""create or replace temp table bad as
            select file_number, line_number, reason from staged where reason <> {quote(ERASED)}"""
        )
        if self.con.execute("select count(*) > 0 from bad").fetchall()[0][0]:
            self.con.execute(
                f"""insert into rejected
                select file_number, line_number, bad.reason, {draft.raw_line}
                from {relation} as numbered inner join bad using (file_number, line_number)"""
            )

    def _count(self, counts: list[FileCounts]) -> None:
        accepted = self.con.execute(
            """select file_number, count(*), min(event_at), max(event_at), list(distinct event_name)
            from staged where reason is null group by file_number"""
        ).fetchall()
        for number, n, first, last, names in accepted:
            of_file = counts[number]
            of_file.n_accepted += n
            self.n_accepted += n
            of_file.min_event_at = min(first, of_file.min_event_at or first)
            of_file.max_event_at = max(last, of_file.max_event_at or last)
            of_file.event_names.update(names)
        set_apart = self.con.execute(
            """select file_number, reason, count(*), min(event_at), max(event_at)
            from staged where reason in (?, ?) group by file_number, reason""",
            [ERASED, TOO_LATE],
        ).fetchall()
        for number, reason, n, first, last in set_apart:
            of_file = counts[number]
            if reason == ERASED:
                of_file.n_erased += n
            else:
                of_file.first_late_at = min(first, of_file.first_late_at or first)
                of_file.last_late_at = max(last, of_file.last_late_at or last)

    def _look_for_values(self) -> None:
        """Which mapped columns have a value; one that has is not looked at again."""
        mapped = [column for column in self.source.event_columns if column in canonical.EVENT_COLUMNS]
        open_ones = [column for column in mapped if column not in self.filled_columns]
        if open_ones:
            counted = ", ".join(f"count({_HAS_VALUE.get(column, column)})" for column in open_ones)
            row = self.con.execute(f"select {counted} from staged where reason is null").fetchall()[0]
            self.filled_columns |= {column for column, n in zip(open_ones, row, strict=True) if n}

    def _take_unparsed(self, unparsed: RejectedLines) -> None:
        columns = "{f: 'BIGINT', n: 'BIGINT', reason: 'VARCHAR', line: 'VARCHAR'}"
        if unparsed.n_lines:
            self.con.execute(
                f"""insert into rejected select f, n, reason, line
                from read_json({file_list([unparsed.path])}, format = 'newline_delimited', columns = {columns})"""
            )


def _reject_cut_off(batch: list[RawFile], unparsed: RejectedLines) -> None:
    """A compressed file that was cut in its first block has no line, but it is not an empty file."""
    for number, file in enumerate(batch):
        if file.inspection.is_truncated:
            unparsed.add(number, 1, "truncated_file", "")


def _hold_against(rows: Rows, counts: list[FileCounts]) -> None:
    """Refuse each file of which something is missing, or more was found than its bytes have."""
    for number, of_file in enumerate(counts):
        of_file.n_counted, of_file.refusal = rows.n_lines.get(number), rows.refused.get(number, "")
        if not of_file.refusal and of_file.n_counted not in (None, of_file.n_found):
            of_file.refusal = f"it has {of_file.n_counted:,} lines, but {of_file.n_found:,} were read"
