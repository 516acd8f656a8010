"""The raw layer as assets: one step reads new files into the lake. Parsing itself is in `pipeline.ingest`."""


from collections.abc import Iterator
from datetime import UTC, date, datetime

import dagster as dg

from pipeline.ingest import ingest
from pipeline.resources import GrowthHome
from pipeline.run_context import resolve

AS_OF_TAG = "growthhouse/as_of"
RAW_EVENTS = dg.AssetKey(["raw", "events"])
LEDGER = dg.AssetKey(["lake", "ledger"])
REJECTED = dg.AssetKey(["lake", "rejected"])


@dg.multi_asset(
    name="ingest",
    specs=[
        dg.AssetSpec(
            RAW_EVENTS,
            group_name="raw",
            description="Canonical events of every accepted line, in the Parquet lake, before deduplication.",
            kinds={"python", "duckdb", "parquet"},
            owners=["team:data-engineering"],
        ),
        dg.AssetSpec(
            LEDGER,
            group_name="raw",
            description="One row per ingested file with its counts: the commit point of the lake.",
            kinds={"python", "parquet"},
            owners=["team:data-engineering"],
        ),
        dg.AssetSpec(
            REJECTED,
            group_name="raw",
            description="Lines that were not accepted, with file, line number and reason.",
            kinds={"python", "parquet"},
            owners=["team:data-engineering"],
        ),
    ],
    # A disk or network file system that answers late is worth a second try; bad input is not retried (Failure below).
    retry_policy=dg.RetryPolicy(max_retries=1, delay=5),
)
def ingest_events(context: dg.AssetExecutionContext, growth: GrowthHome) -> Iterator[dg.MaterializeResult]:
    now = datetime.now(UTC)
    asked = context.run.tags.get(AS_OF_TAG)
    try:
        report = ingest(
            growth.settings, as_of=date.fromisoformat(asked) if asked else None, now=now, progress=context.log.info
        )
        night = resolve(
            growth.settings,
            growth.paths,
            asked=date.fromisoformat(asked) if asked else None,
            run_id=context.run_id,
            now=now,
        )
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise dg.Failure(str(error), metadata={"kind": "input"}, allow_retries=False) from error
    night.write(growth.paths.run_context)
    yield dg.MaterializeResult(
        asset_key=RAW_EVENTS,
        metadata={
            "dagster/row_count": report.n_accepted,
            "lines_read": report.n_lines,
            "lines_rejected": report.n_rejected,
            "files_new": report.n_files_new,
            "files_known": report.n_files_known,
            "as_of": night.as_of,
            "warnings": dg.MetadataValue.md("\n".join(f"- {w}" for w in report.warnings) or "none"),
        },
    )
    yield dg.MaterializeResult(
        asset_key=LEDGER, metadata={"dagster/row_count": report.n_files_new + report.n_files_known}
    )
    yield dg.MaterializeResult(asset_key=REJECTED, metadata={"dagster/row_count": report.n_rejected})
