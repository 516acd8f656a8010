"""The raw layer as assets: one step reads new files into the lake. Parsing itself is in `pipeline.ingest`."""

import glob
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import dagster as dg
import duckdb
from pydantic import Field, field_validator

from pipeline.build.variables import RunContext, resolve
from pipeline.home.clock import night_time
from pipeline.home.failpoints import failpoint
from pipeline.home.interrupts import is_interrupt
from pipeline.home.paths import HomePaths
from pipeline.ingest import IngestResult, backfill, ingest, read_ledger
from pipeline.orchestration.resources import GrowthHome
from pipeline.orchestration.run_tags import tag_run
from pipeline.orchestration.stopped_runs import stoppable
from pipeline.orchestration.ui.markdown import quoted, table
from pipeline.orchestration.ui.pictures import events_per_day
from pipeline.predict.interactions import read_unavailable
from pipeline.predict.scores import restart_models
from pipeline.privacy import expire, finish_pending

RAW_EVENTS = dg.AssetKey(["raw", "events"])
LEDGER = dg.AssetKey(["lake", "ledger"])
REJECTED = dg.AssetKey(["lake", "rejected"])
OWNERS = ["team:data-engineering"]
MAX_FILES_LISTED = 20


class NightConfig(dg.Config):
    """What a person may set for a night, in the launchpad or with `growthhouse run --as-of … --full-refresh`."""

    as_of: str = Field(
        default="",
        description="Last date (YYYY-MM-DD, site timezone) the night may use. Empty: the last date of the data.",
    )
    full_refresh: bool = Field(default=False, description="Drop the build database first and rebuild every table.")
    backfill_from: str = Field(
        default="", description="First date (YYYY-MM-DD) whose raw files are read again, and their lines built again."
    )
    backfill_to: str = Field(default="", description="Last such date. Empty: the same as backfill_from.")

    @field_validator("as_of", "backfill_from", "backfill_to")
    @classmethod
    def _is_a_date(cls, value: str) -> str:
        return date.fromisoformat(value).isoformat() if value else ""

    @property
    def backfill(self) -> tuple[date, date] | None:
        """First and last requested date."""
        if not self.backfill_from:
            return None
        return date.fromisoformat(self.backfill_from), date.fromisoformat(self.backfill_to or self.backfill_from)


def night_config(
    as_of: date | None = None, full_refresh: bool = False, backfill: tuple[date, date] | None = None
) -> dict[str, Any]:
    """The run config of such a night; the same that the launchpad shows."""
    first, last = (day.isoformat() for day in backfill) if backfill else ("", "")
    config = {
        "as_of": as_of.isoformat() if as_of else "",
        "full_refresh": full_refresh,
        "backfill_from": first,
        "backfill_to": last,
    }
    return {"ops": {"ingest": {"config": config}}}


@dg.multi_asset(
    name="ingest",
    specs=[
        dg.AssetSpec(
            RAW_EVENTS,
            group_name="raw",
            description="Canonical events of every accepted line, in the Parquet lake, before deduplication.",
            kinds={"python", "duckdb", "parquet"},
            owners=OWNERS,
        ),
        dg.AssetSpec(
            LEDGER,
            group_name="raw",
            description="One row per ingested file with its counts: the commit point of the lake.",
            kinds={"python", "parquet"},
            owners=OWNERS,
        ),
        dg.AssetSpec(
            REJECTED,
            group_name="raw",
            description="Lines that were not accepted, with file, line number and reason.",
            kinds={"python", "parquet"},
            owners=OWNERS,
        ),
    ],
    # A disk or network file system that answers late is worth a second try; bad input is not retried (Failure below).
    retry_policy=dg.RetryPolicy(max_retries=1, delay=5),
)
def ingest_events(
    context: dg.AssetExecutionContext, config: NightConfig, growth: GrowthHome
) -> Iterator[dg.MaterializeResult]:
    started, clock_warning = night_time(growth.paths)
    if clock_warning:
        context.log.warning(clock_warning)
    again = [*backfill.requested(growth.paths), *([config.backfill] if config.backfill else [])]
    report, night = _read(context, config, growth, started, again)
    if config.full_refresh:  # models are trained again too; their earlier versions stay
        _drop_build(growth.paths)
        restart_models(growth.paths.ml / "artifacts")
    if again:
        night = replace(night, read_again=[file.file_id for file in report.files])
        spans = ", ".join(f"{first} to {last}" for first, last in again)
        context.log.info(f"{len(night.read_again)} files with events of {spans} were read again")
    failpoint("run_context_before_write")
    night.write(growth.paths.run_context)
    failpoint("run_context_after_write")
    tag_run(context.instance, context.run_id, as_of=night.as_of)
    for warning in report.warnings:
        context.log.warning(warning)
    yield dg.MaterializeResult(asset_key=RAW_EVENTS, metadata=_events_metadata(context, growth, report, night))
    yield dg.MaterializeResult(asset_key=LEDGER, metadata=_ledger_metadata(growth, report))
    yield dg.MaterializeResult(asset_key=REJECTED, metadata=_rejected_metadata(report))


@stoppable()
def _read(
    context: dg.AssetExecutionContext,
    config: NightConfig,
    growth: GrowthHome,
    started: datetime,
    again: Sequence[tuple[date, date]],
) -> tuple[IngestResult, RunContext]:
    """Ingest, and what the night is about; dg.Failure where the input or the configuration is wrong."""
    requested = date.fromisoformat(config.as_of) if config.as_of else None
    try:
        read_unavailable(growth.settings)  # report a mistake there before the work begins
        finish_pending(growth.settings, context.log.info)
        report = ingest(
            growth.settings,
            now=started,
            progress=context.log.info,
            reread_days=again,
            before_repair=lambda: _drop_build(growth.paths),
        )
        night = resolve(growth.settings, growth.paths, requested=requested, run_id=context.run_id, now=started)
        if expire(growth.settings, date.fromisoformat(night.as_of), context.log.info):
            night = resolve(growth.settings, growth.paths, requested=requested, run_id=context.run_id, now=started)
    except (OSError, MemoryError):
        raise
    except Exception as error:
        if is_interrupt(error):
            raise
        raise dg.Failure(str(error), metadata={"kind": "input"}, allow_retries=False) from error
    return report, night


def _drop_build(paths: HomePaths) -> None:
    """The build database and its log, so that everything is rebuilt."""
    for file in (paths.build_db, paths.build_db.with_name(f"{paths.build_db.name}.wal")):
        file.unlink(missing_ok=True)


def _events_metadata(
    context: dg.AssetExecutionContext, growth: GrowthHome, report: IngestResult, night: RunContext
) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "new_events": report.n_accepted,
        "new_lines_read": report.n_lines,
        "new_lines_rejected": report.n_rejected,
        "new_files": report.n_files_new,
        "known_files": report.n_files_known,
        "as_of": night.as_of,
        "warnings": dg.MetadataValue.md("\n".join(f"- {quoted(w)}" for w in report.warnings) or "none"),
    }
    try:
        return metadata | _lake_metadata(growth)
    except Exception as error:  # only for show: the night goes on without it
        context.log.warning(f"rows, columns and picture of raw.events are not shown: {error}")
        return metadata


def _lake_metadata(growth: GrowthHome) -> dict[str, Any]:
    ledger, lake = str(growth.paths.ledger), glob.escape(str(growth.paths.lake / "events")) + "/*/*.parquet"
    with duckdb.connect() as con:
        n_rows = con.execute(
            "select cast(sum(n_accepted) as bigint) from read_parquet(?) where status = 'loaded'", [ledger]
        ).fetchone()
        columns = con.execute("describe select * from read_parquet(?)", [lake]).fetchall()
        picture = events_per_day(con, ledger, lake)
    return {
        "dagster/row_count": n_rows[0] if n_rows else 0,
        "dagster/column_schema": dg.TableSchema([dg.TableColumn(name, kind.lower()) for name, kind, *_ in columns]),
        **({"picture": dg.MetadataValue.md(picture)} if picture else {}),
    }


def _ledger_metadata(growth: GrowthHome, report: IngestResult) -> dict[str, Any]:
    rows = [
        [f.source, quoted(f.file), f.status, f"{f.n_lines:,}", f"{f.n_accepted:,}", f"{f.n_rejected:,}"]
        for f in report.files[:MAX_FILES_LISTED]
    ]
    more = f"\n\nand {len(report.files) - len(rows)} more" if len(report.files) > len(rows) else ""
    head = ("source", "file", "status", "lines", "accepted", "rejected")
    return {
        "dagster/row_count": sum(row.is_active for row in read_ledger(growth.paths.ledger)),
        "new_files": dg.MetadataValue.md(table(head, rows) + more if rows else "none"),
        "path": dg.MetadataValue.path(str(growth.paths.ledger)),
    }


def _rejected_metadata(report: IngestResult) -> dict[str, Any]:
    """Reasons only: raw lines hold personal data, and Dagster's history is out of reach of an erasure."""
    reasons: Counter[str] = Counter()
    for file in report.files:
        reasons.update(file.reasons)
    rows = [(reason, f"{count:,}") for reason, count in reasons.most_common()]
    return {
        "new_lines_rejected": report.n_rejected,
        "reasons": dg.MetadataValue.md(table(("reason", "lines"), rows) if rows else "none"),
    }
