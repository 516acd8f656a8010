"""A healthy warehouse and lake for the suites' SQL, and readers of a gate's results. Not here: tests, and damage."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import duckdb
from suite_cases import CASES

from expectations import CheckResult, GateParams

WAREHOUSE = Path(__file__).with_name("healthy.sql").read_text(encoding="utf-8")
LEDGER = """
    select 'aa01' as file_id, 'shop' as source, 'shop/a.jsonl' as file, 405 as n_lines, 401 as n_accepted,
        4 as n_rejected, timestamp '2025-12-23' as min_event_at, timestamp '2026-01-31 00:09:00' as max_event_at,
        timestamp '2026-02-01' as ingested_at, 'loaded' as status
    union all
    select 'bb02', 'shop', 'shop/b.jsonl', 9, 9, 0, null, null, timestamp '2026-01-01', 'superseded'
"""


@cache
def healthy() -> duckdb.DuckDBPyConnection:
    """The warehouse, once for all tests: whoever changes it rolls back."""
    con = duckdb.connect()
    con.execute(WAREHOUSE)
    for cases in CASES.values():
        con.execute(cases.healthy)
    return con


def write_lake(home: Path, changes: str = "status = 'loaded'", kept: str = "true") -> GateParams:
    """The lake of the warehouse above: its events, and e1 a second time."""
    con = healthy().cursor()
    folder = home / "events" / "event_month=2026-01"
    folder.mkdir(parents=True)
    for name, part in (("shop-aa01", "i < 200"), ("shop-aa01-1", "i >= 200")):
        con.execute(f"""copy (
            select source, event_id, event_at, 'aa01' as file_id, person_id as user_id, null::varchar as anonymous_id
            from (from intermediate.int_events union all from intermediate.int_events where i = 1)
            where {kept} and {part}
        ) to '{folder}/{name}.parquet'""")
    con.execute(f"create temp table ledger as {LEDGER}")
    con.execute(f"update ledger set {changes} where status = 'loaded'")
    con.execute(f"copy ledger to '{home}/ledger.parquet'")
    con.close()
    return GateParams(
        as_of_date=date(2026, 1, 31), lake_events=f"{home}/events/*/*.parquet", ledger=f"{home}/ledger.parquet"
    )


def failures(results: list[CheckResult]) -> set[tuple[str, str | None]]:
    return {(result.table_name, result.column_name) for result in results if result.failed}


def skipped(results: list[CheckResult]) -> set[tuple[str, str | None]]:
    return {(result.table_name, result.column_name) for result in results if result.passed is None}
