"""One ingest: which files are new, reading them in batches, and the commit.

The order is the promise: everything is staged first, then renamed into the lake, and only the rewritten ledger makes
it count. What a crash leaves before that is cleared by the next ingest. Whether too many lines were refused is asked by
the gate on the ledger, not here.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import duckdb

from pipeline.home.calendar import ONE_DAY, local_date, naive_utc
from pipeline.home.failpoints import failpoint
from pipeline.ingest.lake.files import Lake, Staging, clear_orphans, move_into_lake
from pipeline.ingest.lake.ledger import LedgerRow, read_ledger, write_ledger
from pipeline.ingest.lake.recovery import (
    damaged_files,
    open_ledger,
    published_arrivals,
    record_unknown,
    refuse_forgetting,
    refuse_loss,
)
from pipeline.ingest.late import TOO_LATE, Arrivals, arrival_of, told
from pipeline.ingest.plan import Key, Plan, RawFile, batches, ledger_time, listed, plan_source, stat_of
from pipeline.ingest.pseudonyms import Privacy, privacy_of
from pipeline.ingest.read import BatchReader, Outcome, connect
from pipeline.ingest.result import FileReport, IngestError, IngestReport
from pipeline.settings import Settings, Source

# Raise it when a change of the code makes the same line give another event: all files are then read again.
_READING_VERSION = 3


@dataclass
class _Night:
    """What one ingest carries along."""

    settings: Settings
    lake: Lake
    now: datetime
    say: Callable[[str], None]
    con: duckdb.DuckDBPyConnection
    staging: Staging
    rows: dict[Key, LedgerRow]  # the active row of each (source, file)
    must_reread: Callable[[LedgerRow], bool]
    arrivals: Arrivals
    privacy: Privacy
    fresh: dict[Key, LedgerRow] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)  # file_ids that no longer count
    report: IngestReport = field(default_factory=IngestReport)


def reading_hash(settings: Settings, source: Source, privacy: Privacy) -> str:
    """Hash of everything in the config that decides how a line of a source is read."""
    clean = settings.cleaning
    rules = {
        "version": _READING_VERSION,
        "source": source.model_dump(exclude={"path", "sessions"}),
        "cleaning": [clean.max_duration_s, clean.max_future_hours, clean.max_line_bytes],
        "currency": settings.site.currency,
        "invalid_ids": list(settings.identity.invalid_ids),
        "privacy": privacy.fingerprint,
    }
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()[:16]


def ingest(
    settings: Settings,
    *,
    as_of: date | None = None,
    now: datetime | None = None,
    progress: Callable[[str], None] | None = None,
    full_refresh: bool = False,
    reread_days: Sequence[tuple[date, date]] = (),
    before_mending: Callable[[], object] = lambda: None,
) -> IngestReport:
    """Read what is new in the raw files into the lake.

    `as_of` leaves nothing out: later events wait in the lake, and staging filters. `full_refresh` reads every file
    again, `reread_days` those with events in that span. `before_mending` is called before files take the place of
    damaged ones: whatever was made from the damage has to go while it can still be seen. Raises IngestError, with nothing
    committed.
    """
    moment = naive_utc(now or datetime.now(UTC))
    lake = Lake(settings.data_dir / "lake")
    privacy = privacy_of(settings)
    lake.prepare()
    report = IngestReport(warnings=list(settings.notices))
    history, is_ledger_lost = open_ledger(lake, moment, report.warnings)
    rows = {(row.source, row.file): row for row in history if row.is_active}
    if not is_ledger_lost:
        clear_orphans(lake, _names(rows.values()))
    damaged = damaged_files(lake, history, day=moment.toordinal(), warnings=report.warnings)
    record_unknown(lake)
    is_asked = _reread_rule(full_refresh, reread_days)
    known = published_arrivals(lake) if is_ledger_lost else map(arrival_of, rows.values())
    night = _Night(
        settings, lake, moment, progress or (lambda _: None), connect(lake.staging / "spill"), Staging(lake.staging),
        rows, lambda row: row.file_id in damaged or is_asked(row), Arrivals(settings, known, reread_days), privacy,
        report=report,
    )  # fmt: skip
    try:
        privacy.install(night.con)
        for source in settings.sources:
            _read_source(night, source)
        _check_any_data(night)
        _warn_of_strangers(night)
        _warn_of_late(night, _reread_rule(False, reread_days))
        _mend(night, damaged)
        if is_ledger_lost:
            refuse_forgetting(lake, night.fresh.values())
        if damaged:
            before_mending()
        _commit(night)
        lake.suspicion.unlink(missing_ok=True)
    finally:
        night.con.close()
        shutil.rmtree(lake.staging, ignore_errors=True)
    return night.report


def _names(rows: object) -> list[str]:
    return [f"{row.source}-{row.file_id}" for row in rows]  # type: ignore[attr-defined]


def _reread_rule(full_refresh: bool, spans: Sequence[tuple[date, date]]) -> Callable[[LedgerRow], bool]:
    def overlaps(row: LedgerRow) -> bool:
        held = [(row.too_late_from, row.too_late_to)] if row.too_late_from and row.too_late_to else []
        if row.min_event_at and row.max_event_at:
            # the dates are the site's, the times UTC: a day more at either end misses none
            held.append((row.min_event_at.date() - ONE_DAY, row.max_event_at.date() + ONE_DAY))
        return full_refresh or any(first <= span[1] and span[0] <= last for first, last in held for span in spans)

    return overlaps


def _read_source(night: _Night, source: Source) -> None:
    reading = reading_hash(night.settings, source, night.privacy)
    plan = plan_source(night.con, night.settings, source, night.rows, reading, night.must_reread, night.arrivals)
    night.report.warnings += plan.warnings
    night.report.n_files_known += plan.n_known
    night.fresh.update(plan.renewed)
    night.forgotten.update(row.file_id for row in plan.forgotten)
    _check_problems(night, source, plan)
    reader = BatchReader(night.con, night.settings, source, night.now, night.staging, night.privacy)
    for batch in batches(plan.to_read):
        for file, outcome in zip(batch, reader.read(batch), strict=True):
            after = stat_of(file.path)
            if after is None or (after.st_size, after.st_mtime_ns) != (file.size_bytes, file.mtime_ns):
                night.report.warnings.append(f"{file.file} changed while it was read; it is left for the next run.")
                continue
            _note(night, source, file, outcome, reading)
        _tell_progress(night, source, len(plan.to_read))
    empty = [file.file for file in night.report.files if file.source == source.name and file.status == "empty"]
    if empty:
        night.report.warnings.append(f"Source '{source.name}': empty: {listed(empty)}.")


def _tell_progress(night: _Night, source: Source, n_files: int) -> None:
    read = [file for file in night.report.files if file.source == source.name]
    n_accepted, n_rejected = sum(file.n_accepted for file in read), sum(file.n_rejected for file in read)
    night.say(f"{source.name}: {len(read)} of {n_files} new files: {n_accepted:,} events, {n_rejected:,} rejected")


def _check_problems(night: _Night, source: Source, plan: Plan) -> None:
    """One odd file is refused with a warning; where no new file is what the source says, the config is wrong."""
    odd = [file for file in plan.to_read if file.problem]
    if not odd:
        return
    if len(odd) == sum(1 for file in plan.to_read if file.inspection.n_bytes):
        raise IngestError(
            f"Source '{source.name}': {odd[0].file} {odd[0].problem}.\n"
            f"Correct the source in {night.settings.config_path.name}, or move away: {listed([f.file for f in odd])}. "
            "Nothing was ingested."
        )
    for file in odd:
        night.report.warnings.append(f"Source '{source.name}': {file.file} {file.problem}. All its lines are refused.")


def _note(night: _Night, source: Source, file: RawFile, outcome: Outcome, reading: str) -> None:
    n_lines = outcome.n_accepted + outcome.n_rejected
    status = "loaded" if n_lines or outcome.n_erased else "empty"
    names = tuple(sorted(outcome.event_names))
    night.report.files.append(
        FileReport(
            source.name, file.file, file.file_id, status, n_lines, outcome.n_accepted, outcome.n_rejected,
            dict(sorted(outcome.reasons.items())), outcome.min_event_at, outcome.max_event_at, names
        )
    )  # fmt: skip
    row = LedgerRow(
        file.file_id, source.name, file.file, file.inspection.sha256, file.size_bytes,
        ledger_time(file.mtime_ns, file.is_settled), n_lines, outcome.n_accepted, outcome.n_rejected,
        outcome.min_event_at, outcome.max_event_at, night.now, status, names, reading, outcome.n_erased,
        n_too_late=outcome.reasons.get(TOO_LATE, 0), too_late_from=_date(night, outcome.first_late_at),
        too_late_to=_date(night, outcome.last_late_at), late_before=file.late_rule.before,
        days_taken_in=file.late_rule.days_taken_in,
    )  # fmt: skip
    key = (source.name, file.file)
    old = night.rows.get(key)
    if old is not None and old.sha256 == row.sha256:  # read again: what was erased from it before still was
        row = replace(row, n_erased=max(row.n_erased, old.n_erased))
    if "truncated_file" in outcome.reasons:
        night.report.warnings.append(
            f"Source '{source.name}': {file.file} is cut short or damaged ({file.inspection.compression}). The lines "
            "before the damage are kept; deliver the whole file under the same name to replace them."
        )
    _warn_of_shrinking(night, old, row)
    night.fresh[key] = row


def _date(night: _Night, moment: datetime | None) -> date | None:
    return local_date(moment, night.settings.site.timezone) if moment else None


def _warn_of_shrinking(night: _Night, old: LedgerRow | None, new: LedgerRow) -> None:
    """New content replaces the old. Where it holds less, it may be another delivery under a name used before."""
    if old is not None and old.sha256 != new.sha256 and new.n_accepted < old.n_accepted:
        night.report.warnings.append(
            f"Source '{new.source}': {new.file} has new content, and its {new.n_accepted:,} events replace the "
            f"{old.n_accepted:,} it had. Where these are still meant to count, deliver them under a name of their own."
        )


def _check_any_data(night: _Night) -> None:
    if not any(row.n_lines for row in (*night.fresh.values(), *night.rows.values())):
        raise IngestError("No source has any data.\n" + "\n".join(night.report.warnings))


def _warn_of_strangers(night: _Night) -> None:
    """The lake keeps what it has: say so where the config no longer leads there."""
    named = {source.name for source in night.settings.sources}
    for source in sorted({key[0] for key in night.rows} - named):
        night.report.warnings.append(
            f"The lake holds events of a source '{source}' that the config no longer names; they still count."
        )


def _warn_of_late(night: _Night, is_asked: Callable[[LedgerRow], bool]) -> None:
    """What is held back of tonight's files, and what a backfill cannot reach, since its raw file is gone."""
    read = {file.file_id for file in night.report.files}
    late = [row for row in night.fresh.values() if row.n_too_late and row.file_id in read]
    for source in night.settings.sources:
        rows = [row for row in late if row.source == source.name]
        if days := [day for row in rows for day in (row.too_late_from, row.too_late_to) if day]:
            n_late, allowed = sum(row.n_too_late for row in rows), night.settings.cleaning.days_late_allowed
            night.report.warnings.append(f"Source '{source.name}': {told(n_late, min(days), max(days), allowed)}.")
    for key, row in night.rows.items():
        if row.n_too_late and key not in night.fresh and is_asked(row):
            night.report.warnings.append(
                f"Source '{row.source}': {row.file} is gone, so its {row.n_too_late:,} events of {row.too_late_from} to "
                f"{row.too_late_to} stay held back. Put it back and ask for these dates again."
            )


def _mend(night: _Night, damaged: dict[str, list[str]]) -> None:
    """Damaged files of the lake were read again with the new ones; an IngestError where that cannot be."""
    night.forgotten |= refuse_loss(damaged, night.rows.values(), night.fresh.values())
    for problems in damaged.values():
        night.report.warnings += [f"{problem}; its raw file was read again." for problem in problems]


def _commit(night: _Night) -> None:
    """Rename, write the ledger, then remove what was superseded."""
    read = {file.file_id: f"{file.source}-{file.file_id}" for file in night.report.files}
    failpoint("ingest_staged")
    move_into_lake(night.lake, read, night.staging)
    if not night.fresh and not night.forgotten:
        return
    history = read_ledger(night.lake.ledger)
    replaced = night.forgotten | {
        row.file_id for key, row in night.rows.items() if key in night.fresh and night.fresh[key].file_id != row.file_id
    }
    renewed = {row.file_id for row in night.fresh.values()}
    kept = [
        replace(row, status="superseded") if row.file_id in replaced else row
        for row in history
        if row.file_id not in renewed
    ]
    rows = [*kept, *night.fresh.values()]
    failpoint("ingest_before_ledger")
    write_ledger(night.lake.ledger, rows)
    failpoint("ingest_after_ledger")
    clear_orphans(night.lake, _names(row for row in rows if row.is_active))
