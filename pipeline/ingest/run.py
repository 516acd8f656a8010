"""One ingest: which files are new, reading them in batches, and the commit.

The order keeps the promise: everything is staged first, then renamed into the lake, and only the rewritten ledger makes
it count. What a crash leaves before that is removed by the next ingest. Not here: whether too many lines were rejected,
which the raw gate checks.
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
from pipeline.ingest import warnings
from pipeline.ingest.formats import check_formats
from pipeline.ingest.known_files import check_rule
from pipeline.ingest.lake.files import Lake, Staging, clear_orphans, move_into_lake
from pipeline.ingest.lake.ledger import LedgerRow, read_ledger, write_ledger
from pipeline.ingest.lake.recovery import (
    check_all_rewritten,
    check_recoverable,
    damaged_files,
    open_ledger,
    published_arrivals,
    record_unknown,
)
from pipeline.ingest.late import TOO_LATE, Arrivals, arrival_of
from pipeline.ingest.plan import Key, Plan, RawFile, batches, ledger_time, plan_source, stat_of
from pipeline.ingest.present import listed
from pipeline.ingest.pseudonyms import PrivacyFilter, privacy_filter
from pipeline.ingest.read import BatchReader, FileCounts, connect
from pipeline.ingest.result import FileResult, IngestError, IngestResult
from pipeline.settings import Settings, Source

# Raise it when a change of the code makes the same line give another event: all files are then read again.
_READING_VERSION = 6


@dataclass
class _Ingest:
    """The state of one ingest."""

    settings: Settings
    lake: Lake
    now: datetime
    say: Callable[[str], None]
    con: duckdb.DuckDBPyConnection
    staging: Staging
    rows: dict[Key, LedgerRow]  # the active row of each (source, file)
    must_reread: Callable[[LedgerRow], bool]
    arrivals: Arrivals
    privacy: PrivacyFilter
    result: IngestResult
    fresh: dict[Key, LedgerRow] = field(default_factory=dict)  # rows that are new or replace those of `rows`
    forgotten: set[str] = field(default_factory=set)  # file_ids that no longer count


def reading_hash(settings: Settings, source: Source, privacy: PrivacyFilter) -> str:
    """Hash of everything in the config that decides how a line of a source is read."""
    clean = settings.cleaning
    rules = {
        "version": _READING_VERSION,
        "source": source.model_dump(exclude={"path", "sessions", "order_ids"}),
        "cleaning": [clean.max_duration_s, clean.max_future_hours, clean.max_line_bytes],
        "currency": settings.site.currency,
        "invalid_ids": list(settings.identity.invalid_ids),
        "privacy": privacy.fingerprint_of(source),
    }
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()[:16]


def ingest(
    settings: Settings,
    *,
    now: datetime | None = None,
    progress: Callable[[str], None] | None = None,
    full_refresh: bool = False,
    reread_days: Sequence[tuple[date, date]] = (),
    before_repair: Callable[[], object] = lambda: None,
) -> IngestResult:
    """Read what is new in the raw files into the lake. Raises IngestError, with nothing committed.

    `full_refresh` reads every file again, `reread_days` those with events in these spans. `before_repair` is called
    before files replace damaged ones: what was built from the damage has to be removed while the damage can still be
    seen. There is no as_of: the lake keeps later events, and staging filters them.
    """
    check_formats(settings)
    moment = naive_utc(now or datetime.now(UTC))
    lake = Lake(settings.data_dir / "lake")
    lake.prepare()
    privacy = privacy_filter(settings)
    result = IngestResult(warnings=list(settings.notices))
    history, is_ledger_lost = open_ledger(lake, moment, result.warnings)
    rows = {(row.source, row.file): row for row in history if row.is_active}
    if not is_ledger_lost:
        clear_orphans(lake, rows.values())
    damaged = damaged_files(lake, history, day=moment.toordinal(), warnings=result.warnings)
    record_unknown(lake)
    is_requested = _reread_rule(full_refresh, reread_days)
    known = published_arrivals(lake) if is_ledger_lost else map(arrival_of, rows.values())
    state = _Ingest(
        settings=settings,
        lake=lake,
        now=moment,
        say=progress or (lambda _: None),
        con=connect(lake.staging / "spill"),
        staging=Staging(lake.staging),
        rows=rows,
        must_reread=lambda row: row.file_id in damaged or is_requested(row),
        arrivals=Arrivals(settings, known, reread_days),
        privacy=privacy,
        result=result,
    )
    try:
        privacy.install(state.con)
        for source in settings.sources:
            _read_source(state, source)
        _check_any_data(state)
        result.warnings += warnings.of_unconfigured_sources(settings, rows)
        result.warnings += _late_warnings(state, _reread_rule(False, reread_days))
        _replace_damaged(state, damaged)
        if is_ledger_lost:
            check_all_rewritten(lake, state.fresh.values())
        if damaged:
            before_repair()
        _commit(state)
        lake.suspicion.unlink(missing_ok=True)
    finally:
        state.con.close()
        shutil.rmtree(lake.staging, ignore_errors=True)
    return state.result


def _reread_rule(full_refresh: bool, spans: Sequence[tuple[date, date]]) -> Callable[[LedgerRow], bool]:
    def overlaps(row: LedgerRow) -> bool:
        held = [(row.too_late_from, row.too_late_to)] if row.too_late_from and row.too_late_to else []
        if row.min_event_at and row.max_event_at:
            # The dates are the site's, the times UTC: a day more at either end misses none.
            held.append((row.min_event_at.date() - ONE_DAY, row.max_event_at.date() + ONE_DAY))
        return full_refresh or any(first <= span[1] and span[0] <= last for first, last in held for span in spans)

    return overlaps


def _read_source(state: _Ingest, source: Source) -> None:
    reading = reading_hash(state.settings, source, state.privacy)
    due = check_rule(state.lake, state.now)
    plan = plan_source(state.con, state.settings, source, state.rows, reading, state.must_reread, state.arrivals, due)
    state.result.warnings += [*plan.warnings, *warnings.of_tiny_files(source, [f.size_bytes for f in plan.to_read])]
    state.result.n_files_known += plan.n_known
    state.fresh.update(plan.renewed)
    state.forgotten.update(row.file_id for row in plan.forgotten)
    _check_problems(state, source, plan, reading)
    reader = BatchReader(state.con, state.settings, source, state.now, state.staging, state.privacy)
    for batch in batches(plan.to_read):
        for file, counts in zip(batch, reader.read(batch), strict=True):
            after = stat_of(file.path)
            before = (file.size_bytes, file.mtime_ns, file.ctime_ns)
            if after is None or (after.st_size, after.st_mtime_ns, after.st_ctime_ns) != before:
                state.result.warnings.append(f"{file.file} changed while it was read; the next run reads it again.")
                continue
            if counts.refusal:
                state.result.warnings.append(warnings.of_unreadable(source.name, file.file, counts.refusal))
                continue
            _add_file(state, source, file, counts, reading)
        _report_progress(state, source, len(plan.to_read))
    state.result.warnings += warnings.of_empty_columns(source, reader.n_accepted, reader.filled_columns)
    if empty := [file.file for file in state.result.files if file.source == source.name and file.status == "empty"]:
        state.result.warnings.append(f"Source '{source.name}': empty: {listed(empty)}.")


def _report_progress(state: _Ingest, source: Source, n_files: int) -> None:
    read = [file for file in state.result.files if file.source == source.name]
    n_accepted, n_rejected = sum(file.n_accepted for file in read), sum(file.n_rejected for file in read)
    state.say(f"{source.name}: {len(read)} of {n_files} new files: {n_accepted:,} events, {n_rejected:,} rejected")


def _check_problems(state: _Ingest, source: Source, plan: Plan, reading: str) -> None:
    """One odd file is rejected with a warning; if no file of a source is what it says, the config is wrong."""
    odd = [file for file in plan.to_read if file.problem]
    others = {key: row for key, row in state.rows.items() if key not in {(source.name, file.file) for file in odd}}
    has_good = any(row.gave_events and row.reading == reading for row in others.values())  # by the same config
    if odd and not has_good and len(odd) == sum(1 for file in plan.to_read if file.inspection.n_bytes):
        raise IngestError(
            f"Source '{source.name}': {odd[0].file} {odd[0].problem}.\n"
            f"Correct the source in {state.settings.config_path.name}, or move away: {listed([f.file for f in odd])}. "
            "Nothing was ingested."
        )
    for file in odd:
        state.result.warnings.append(f"Source '{source.name}': {file.file} {file.problem}. All its lines are rejected.")


def _add_file(state: _Ingest, source: Source, file: RawFile, counts: FileCounts, reading: str) -> None:
    row = _ledger_row(state, source, file, counts, reading)
    state.result.files.append(
        FileResult(
            source=source.name,
            file=file.file,
            file_id=file.file_id,
            status=row.status,
            n_lines=row.n_lines,
            n_accepted=row.n_accepted,
            n_rejected=row.n_rejected,
            reasons=dict(sorted(counts.reasons.items())),
            min_event_at=row.min_event_at,
            max_event_at=row.max_event_at,
            event_names=row.event_names,
        )
    )
    key = (source.name, file.file)
    old = state.rows.get(key)
    if old is not None and old.sha256 == row.sha256:  # the same content again: lines erased from it before still count
        row = replace(row, n_erased=max(row.n_erased, old.n_erased))
    if "truncated_file" in counts.reasons:
        state.result.warnings.append(warnings.of_truncation(row, file.inspection.compression))
    if old is not None and old.sha256 != row.sha256 and row.n_accepted < old.n_accepted:
        state.result.warnings.append(warnings.of_fewer_events(old, row))
    state.fresh[key] = row


def _ledger_row(state: _Ingest, source: Source, file: RawFile, counts: FileCounts, reading: str) -> LedgerRow:
    return LedgerRow(
        file_id=file.file_id,
        source=source.name,
        file=file.file,
        sha256=file.inspection.sha256,
        size_bytes=file.size_bytes,
        mtime_ns=ledger_time(file.mtime_ns, file.is_settled),
        ctime_ns=file.ctime_ns,
        n_lines=counts.n_lines,
        n_accepted=counts.n_accepted,
        n_rejected=counts.n_rejected,
        min_event_at=counts.min_event_at,
        max_event_at=counts.max_event_at,
        ingested_at=state.now,
        status="loaded" if counts.n_lines or counts.n_erased else "empty",
        event_names=tuple(sorted(counts.event_names)),
        reading=reading,
        n_erased=counts.n_erased,
        n_too_late=counts.reasons.get(TOO_LATE, 0),
        too_late_from=_date(state, counts.first_late_at),
        too_late_to=_date(state, counts.last_late_at),
        late_before=file.late_rule.before,
        days_taken_in=file.late_rule.days_taken_in,
    )


def _date(state: _Ingest, moment: datetime | None) -> date | None:
    return local_date(moment, state.settings.site.timezone) if moment else None


def _check_any_data(state: _Ingest) -> None:
    if not any(row.n_lines for row in (*state.fresh.values(), *state.rows.values())):
        raise IngestError("No source has any data.\n" + "\n".join(state.result.warnings))


def _late_warnings(state: _Ingest, is_requested: Callable[[LedgerRow], bool]) -> list[str]:
    read = {file.file_id for file in state.result.files}
    late = [row for row in state.fresh.values() if row.n_too_late and row.file_id in read]
    gone = [row for key, row in state.rows.items() if row.n_too_late and key not in state.fresh and is_requested(row)]
    return [*warnings.of_late_events(state.settings, late), *warnings.of_late_events_out_of_reach(gone)]


def _replace_damaged(state: _Ingest, damaged: dict[str, list[str]]) -> None:
    """Damaged files of the lake were read again with the new ones; IngestError if one was not."""
    state.forgotten |= check_recoverable(damaged, state.rows.values(), state.fresh.values())
    for problems in damaged.values():
        state.result.warnings += [f"{problem}; its raw file was read again." for problem in problems]


def _commit(state: _Ingest) -> None:
    """Rename, write the ledger, then remove what was superseded."""
    read = {file.file_id: f"{file.source}-{file.file_id}" for file in state.result.files}
    failpoint("ingest_staged")
    move_into_lake(state.lake, read, state.staging)
    if not state.fresh and not state.forgotten:
        return
    history = read_ledger(state.lake.ledger)
    replaced = state.forgotten | {
        row.file_id for key, row in state.rows.items() if key in state.fresh and state.fresh[key].file_id != row.file_id
    }
    renewed = {row.file_id for row in state.fresh.values()}
    kept = [
        replace(row, status="superseded") if row.file_id in replaced else row
        for row in history
        if row.file_id not in renewed
    ]
    rows = [*kept, *state.fresh.values()]
    failpoint("ingest_before_ledger")
    write_ledger(state.lake.ledger, rows)
    failpoint("ingest_after_ledger")
    clear_orphans(state.lake, rows)
