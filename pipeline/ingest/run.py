"""One ingest: which files are new, reading them, the gate on refused lines, and the commit.

The order is the promise: everything is staged first, then renamed into the lake, and only the rewritten ledger makes
it count. What a crash leaves before that is cleared by the next ingest.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from pipeline.ingest.inspect import Inspection, inspect_file
from pipeline.ingest.lake import Lake, clear_orphans, move_into_lake, stage_output
from pipeline.ingest.ledger import LedgerRow, read_ledger, write_ledger
from pipeline.ingest.read import SUPPORTED_FORMATS, connect, stage_file
from pipeline.ingest.report import FileReport, IngestError, IngestReport
from pipeline.settings import Settings, Source

# Raise it when a change of the code makes the same line give another event: all files are then read again.
_READING_VERSION = 1


@dataclass
class _Night:
    """What one ingest carries along."""

    settings: Settings
    lake: Lake
    now: datetime
    say: Callable[[str], None]
    con: duckdb.DuckDBPyConnection
    rows: dict[tuple[str, str], LedgerRow]  # the active row of each (source, file)
    fresh: dict[tuple[str, str], LedgerRow]
    report: IngestReport
    reread: Callable[[LedgerRow], bool]


def reading_hash(settings: Settings, source: Source) -> str:
    """Hash of everything in the config that decides how a line of a source is read."""
    clean = settings.cleaning
    rules = {
        "version": _READING_VERSION,
        "source": source.model_dump(exclude={"path", "sessions"}),
        "cleaning": [clean.max_duration_s, clean.max_future_hours, clean.max_line_bytes],
        "invalid_ids": list(settings.identity.invalid_ids),
    }
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()[:16]


def ingest(
    settings: Settings,
    *,
    as_of: date | None = None,
    now: datetime | None = None,
    progress: Callable[[str], None] | None = None,
    full_refresh: bool = False,
    reread_days: tuple[date, date] | None = None,
) -> IngestReport:
    """Read what is new in the raw files into the lake.

    `as_of` leaves nothing out: later events wait in the lake, and staging filters. `full_refresh` reads every file
    again, `reread_days` those with events in that span. Raises IngestError, with nothing committed.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None) if now is None or now.tzinfo else now
    lake = Lake(settings.data_dir / "lake")
    lake.prepare()
    rows = {(row.source, row.file): row for row in read_ledger(lake.ledger) if row.is_active}
    clear_orphans(lake, _names(rows.values()))
    night = _Night(
        settings, lake, moment, progress or (lambda _: None), connect(lake.staging / "spill"), rows, {}, IngestReport(),
        _reread_rule(full_refresh, reread_days),
    )  # fmt: skip
    try:
        _check_formats(settings)
        for source in settings.sources:
            _read_source(night, source)
        _check_any_data(night)
        _check_rejected_rates(night)
        _commit(night)
    finally:
        night.con.close()
        shutil.rmtree(lake.staging, ignore_errors=True)
    return night.report


def _names(rows: object) -> list[str]:
    return [f"{row.source}-{row.file_id}" for row in rows]  # type: ignore[attr-defined]


def _reread_rule(full_refresh: bool, days: tuple[date, date] | None) -> Callable[[LedgerRow], bool]:
    def overlaps(row: LedgerRow) -> bool:
        if full_refresh or days is None or row.min_event_at is None or row.max_event_at is None:
            return full_refresh
        return row.min_event_at.date() <= days[1] and days[0] <= row.max_event_at.date()

    return overlaps


def _check_formats(settings: Settings) -> None:
    for source in settings.sources:
        if source.format not in SUPPORTED_FORMATS:
            raise IngestError(
                f"Source '{source.name}': the format '{source.format}' is not supported yet. "
                f"Supported are {' and '.join(SUPPORTED_FORMATS)}; a `table` reads any CSV, Parquet or JSON lines."
            )


def _read_source(night: _Night, source: Source) -> None:
    files = night.settings.source_files(source)
    if not files:
        history = " What was ingested before stays." if any(key[0] == source.name for key in night.rows) else ""
        pattern = night.settings.source_pattern(source)
        night.report.warnings.append(f"Source '{source.name}': no file matches {pattern}.{history}")
    reading = reading_hash(night.settings, source)
    for path in files:
        _read_file(night, source, path, reading)


def _shown_path(home: Path, path: Path) -> str:
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)


def _read_file(night: _Night, source: Source, path: Path, reading: str) -> None:
    file = _shown_path(night.settings.home, path)
    key, before = (source.name, file), path.stat()
    known = night.rows.get(key)
    must_read = known is None or known.reading != reading or night.reread(known)
    if known and not must_read and (known.size_bytes, known.mtime_ns) == (before.st_size, before.st_mtime_ns):
        night.report.n_files_known += 1
        return
    inspection = inspect_file(path, night.settings.cleaning.max_line_bytes)
    if known and not must_read and known.sha256 == inspection.sha256:
        night.fresh[key] = replace(known, size_bytes=before.st_size, mtime_ns=before.st_mtime_ns)
        night.report.n_files_known += 1
        return
    identity = f"{inspection.sha256}\n{source.name}\n{file}\n{reading}"
    file_id = hashlib.sha256(identity.encode()).hexdigest()[:16]
    stage_file(night.con, path, source, night.settings, inspection, file_id, night.now, night.lake.staging)
    after = path.stat()
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        night.report.warnings.append(f"{file} changed while it was read; it is left for the next run.")
        return
    stage_output(night.con, night.lake, f"{source.name}-{file_id}", source.name, file, file_id, night.now)
    entry = _describe(night, source.name, file, file_id, inspection)
    night.report.files.append(entry)
    night.fresh[key] = LedgerRow(
        file_id, source.name, file, inspection.sha256, before.st_size, before.st_mtime_ns, entry.n_lines,
        entry.n_accepted, entry.n_rejected, entry.min_event_at, entry.max_event_at, night.now, entry.status,
        entry.event_names, reading,
    )  # fmt: skip
    night.say(f"{source.name}: {file}: {entry.n_accepted:,} events, {entry.n_rejected:,} rejected")


def _describe(night: _Night, source: str, file: str, file_id: str, inspection: Inspection) -> FileReport:
    accepted = night.con.execute(
        """select count(*), min(event_at), max(event_at), list_sort(list(distinct event_name))
        from staged where reason is null"""
    ).fetchall()[0]
    reasons = dict(night.con.execute("select reason, count(*) from refused group by reason order by reason").fetchall())
    example = night.con.execute(
        "select line_number, reason, left(raw_line, 200) from refused order by line_number limit 1"
    ).fetchall()
    n_rejected = sum(reasons.values())
    status = "damaged" if inspection.is_truncated else "loaded" if accepted[0] + n_rejected else "empty"
    shown = f"{file}, line {example[0][0]}: {example[0][1]}: {example[0][2]}" if example else ""
    return FileReport(
        source, file, file_id, status, accepted[0] + n_rejected, accepted[0], n_rejected, reasons, accepted[1],
        accepted[2], tuple(accepted[3] or ()), shown,
    )  # fmt: skip


def _check_any_data(night: _Night) -> None:
    if not night.fresh and not night.rows:
        raise IngestError("No source has any data. " + " ".join(night.report.warnings))


def _check_rejected_rates(night: _Night) -> None:
    limit = night.settings.cleaning.max_rejected_rate
    for source in night.settings.sources:
        files = [file for file in night.report.files if file.source == source.name]
        n_lines, n_rejected = sum(f.n_lines for f in files), sum(f.n_rejected for f in files)
        if n_lines == 0 or n_rejected / n_lines <= limit:
            continue
        reasons: dict[str, int] = {}
        for file in files:
            for reason, count in file.reasons.items():
                reasons[reason] = reasons.get(reason, 0) + count
        listed = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items(), key=lambda r: -r[1]))
        example = next(file.example for file in files if file.example)
        raise IngestError(
            f"Source '{source.name}': {n_rejected:,} of {n_lines:,} new lines ({n_rejected / n_lines:.1%}) were refused, "
            f"over the limit of {limit:.1%} (cleaning.max_rejected_rate). Reasons: {listed}. First: {example}. "
            "Nothing was ingested. Mend the files or the source's settings, or raise the limit if this is expected."
        )


def _commit(night: _Night) -> None:
    """Rename, write the ledger, then remove what was superseded."""
    for file in night.report.files:
        move_into_lake(night.lake, f"{file.source}-{file.file_id}")
    if not night.fresh:
        return
    history = read_ledger(night.lake.ledger)
    replaced = {
        row.file_id for key, row in night.rows.items() if key in night.fresh and night.fresh[key].file_id != row.file_id
    }
    renewed = {row.file_id for row in night.fresh.values()}
    kept = [
        replace(row, status="superseded") if row.file_id in replaced else row
        for row in history
        if row.file_id not in renewed
    ]
    write_ledger(night.lake.ledger, [*kept, *night.fresh.values()])
    active = {**night.rows, **night.fresh}
    clear_orphans(night.lake, _names(active.values()))
