"""Reads a batch of raw files into the staging area of the lake, whatever their format.

Belongs here: the steps from rows to Parquet, slice by slice, so that memory does not grow with a file. The rows are
loaded in rows.py, the SQL of a format is in tracker.py and table.py, that of the canonical columns in canonical.py.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import duckdb

from pipeline.home.memory import MEMORY_VARIABLE
from pipeline.home.sql_text import file_list, quote
from pipeline.ingest import canonical, late
from pipeline.ingest.formats import leftovers, table, tracker
from pipeline.ingest.formats.json_keys import survey
from pipeline.ingest.lake.files import Staging
from pipeline.ingest.late import TOO_LATE
from pipeline.ingest.plan import RawFile
from pipeline.ingest.pseudonyms import ERASED, Privacy
from pipeline.ingest.text.layout import Layout
from pipeline.ingest.text.repair import RefusedLines
from pipeline.ingest.text.rows import Rows, load_rows
from pipeline.settings import Settings, Source

_SLICE_ROWS = 1_000_000
_MEMORY_BYTES = 4 << 30
_NEW_REFUSED = (
    "create or replace temp table refused (file_number bigint, line_number bigint, reason varchar, raw_line varchar)"
)


@dataclass
class Outcome:
    """What became of the lines of one file."""

    n_accepted: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    min_event_at: datetime | None = None
    max_event_at: datetime | None = None
    event_names: set[str] = field(default_factory=set)
    n_erased: int = 0
    first_late_at: datetime | None = None
    last_late_at: datetime | None = None

    @property
    def n_rejected(self) -> int:
        """Refused lines."""
        return sum(self.reasons.values())


def connect(scratch: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory database that spills to `scratch` and knows the macros of the readers."""
    half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    con = duckdb.connect(
        config={
            "temp_directory": str(scratch),
            "memory_limit": os.environ.get(MEMORY_VARIABLE) or f"{min(_MEMORY_BYTES, half) >> 20}MiB",
            "autoinstall_known_extensions": "false",
        }
    )
    for macro in (*canonical.MACROS, *leftovers.MACROS, *table.MACROS):
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
    privacy: Privacy
    _has_limit: bool = False

    def read(self, batch: list[RawFile]) -> list[Outcome]:
        """Stage the events and refused lines of files with one layout; one outcome per file."""
        outcomes = [Outcome() for _ in batch]
        self.con.execute(f"set timezone = {quote(self.source.timezone)}")
        self.con.execute(_NEW_REFUSED)
        self._has_limit = late.prepare(self.con, self.settings, {file.file_id: file.late_rule for file in batch})
        scratch = self.staging.folder()
        scratch.mkdir()
        refused = RefusedLines(scratch / "refused.jsonl")
        try:
            if batch[0].problem:
                self._refuse_all(batch, refused, scratch)
            elif batch[0].layout.kind != "none":
                self._stage(load_rows(self.con, batch, self.source, self._max_line_bytes, refused, scratch), outcomes)
            refused.close()
            self._take_refused(refused)
        finally:
            shutil.rmtree(scratch)
            self.con.execute("drop table if exists rows; drop table if exists staged")
        for number, n in self.privacy.guard_refused(self.con).items():
            outcomes[number].n_erased += n
        for number, reason, n in self.con.execute(
            "select file_number, reason, count(*) from refused group by all"
        ).fetchall():
            outcomes[number].reasons[reason] = n
        self.staging.write_refused(self.con, self.source.name, [(file.file_id, file.file) for file in batch], self.now)
        return outcomes

    @property
    def _max_line_bytes(self) -> int:
        return self.settings.cleaning.max_line_bytes

    def _refuse_all(self, batch: list[RawFile], refused: RefusedLines, scratch: Path) -> None:
        """Text that is not what its source says is refused line by line, anything else as one line."""
        if batch[0].layout.kind != "delimited":
            for number, file in enumerate(batch):
                refused.add(number, 1, "bad_row", f"The file {file.problem}.")
            return
        as_lines = [replace(file, layout=Layout("json_lines")) for file in batch]
        rows = load_rows(self.con, as_lines, self.source, self._max_line_bytes, refused, scratch)
        self.con.execute(
            f"insert into refused select file_number, line_number, 'bad_row', line from {rows.relation(0, rows.n_rows)}"
        )

    def _stage(self, rows: Rows, outcomes: list[Outcome]) -> None:
        draft, timestamp_format, raw_line = self._draft(rows)
        source = self.source.model_copy(update={"timestamp_format": timestamp_format})
        for start in range(0, rows.n_rows, _SLICE_ROWS):
            relation = rows.relation(start, start + _SLICE_ROWS)
            query = canonical.staged_sql(draft(relation), self.settings, source, self.now)
            self.con.execute(f"create or replace temp table staged as {query}")
            self.privacy.apply(self.con)
            if self._has_limit:
                late.mark_late(self.con)
            self._refuse_staged(relation, raw_line)
            self._count_accepted(outcomes)
            self.staging.write_events(self.con)

    def _refuse_staged(self, relation: str, raw_line: str) -> None:
        """Take the text of the few refused rows from where it was read: carrying it along would cost every row."""
        self.con.execute(
            f"""create or replace temp table bad as
            select file_number, line_number, reason from staged where reason <> {quote(ERASED)}"""
        )
        if self.con.execute("select count(*) > 0 from bad").fetchall()[0][0]:
            self.con.execute(
                f"""insert into refused
                select file_number, line_number, bad.reason, {raw_line}
                from {relation} as numbered inner join bad using (file_number, line_number)"""
            )

    def _draft(self, rows: Rows) -> tuple[Callable[[str], str], str, str]:
        """The draft of a relation, the format of its timestamps, and a row as text."""
        source, layout = self.source, rows.layout
        if layout.kind != "json_lines":
            is_timed = layout.kind == "parquet" and table.has_native_time(source, layout)
            raw_line = table.row_as_json(layout) if layout.kind == "parquet" else table.row_as_delimited(layout)
            form = "iso" if is_timed else source.timestamp_format
            return lambda relation: table.columns_draft(source, layout, relation), form, raw_line
        if source.format == "tracker":
            found = survey(self.con, "rows", tracker.KNOWN_KEYS)
            return lambda relation: tracker.draft_sql(relation, found), source.timestamp_format, "line"
        found = survey(self.con, "rows", table.json_known_keys(source))
        return lambda relation: table.json_lines_draft(source, relation, found), source.timestamp_format, "line"

    def _count_accepted(self, outcomes: list[Outcome]) -> None:
        counts = self.con.execute(
            """select file_number, count(*), min(event_at), max(event_at), list(distinct event_name)
            from staged where reason is null group by file_number"""
        ).fetchall()
        for number, n, first, last, names in counts:
            outcome = outcomes[number]
            outcome.n_accepted += n
            outcome.min_event_at = min(first, outcome.min_event_at or first)
            outcome.max_event_at = max(last, outcome.max_event_at or last)
            outcome.event_names.update(names)
        refused = self.con.execute(
            """select file_number, reason, count(*), min(event_at), max(event_at)
            from staged where reason in (?, ?) group by file_number, reason""",
            [ERASED, TOO_LATE],
        ).fetchall()
        for number, reason, n, first, last in refused:
            outcome = outcomes[number]
            if reason == ERASED:
                outcome.n_erased += n
            else:
                outcome.first_late_at = min(first, outcome.first_late_at or first)
                outcome.last_late_at = max(last, outcome.last_late_at or last)

    def _take_refused(self, refused: RefusedLines) -> None:
        if refused.n_lines:
            self.con.execute(
                f"""insert into refused select f, n, reason, line from read_json({file_list([refused.path])},
                    format = 'newline_delimited', columns = {{f: 'BIGINT', n: 'BIGINT', reason: 'VARCHAR', line: 'VARCHAR'}})"""
            )
