"""The report on the night itself: lines read, reconciliation, results of the gates, run time."""

from __future__ import annotations

import duckdb

from expectations import describe_row
from pipeline.reports.rows import Row, first, rows

MAX_NIGHTS = 14
SCHEMA_DAYS, LEARNING_DAYS, MAX_CHANGES = 30, 7, 20


def headline(con: duckdb.DuckDBPyConnection) -> Row:
    """The version, its size, and whether every source is balanced."""
    found = first(
        con,
        "select as_of_date, published_at, run_id, n_events from ops.published_versions order by version desc limit 1",
    )
    found |= first(con, "select count(*) as n_persons from marts.dim_users where not is_bot")
    found |= first(con, "select count(*) as n_sessions from marts.fct_sessions where not is_bot")
    found["sources"] = _sources(con, found["run_id"])
    found["is_balanced"] = all(source["is_balanced"] for source in found["sources"]) if found["sources"] else None
    return found


def _sources(con: duckdb.DuckDBPyConnection, run_id: str) -> list[Row]:
    """Lines read by source; where a build was made in parts, of the run that read them."""
    query = (
        "select source, n_lines, n_loaded, n_duplicates, n_rejected, n_too_late, is_balanced from ops.reconciliation "
        "where run_id = {} order by source"
    )
    of_this = rows(con, query.format("?"), [run_id])
    latest = "(select arg_max(run_id, started_at) from ops.runs semi join ops.reconciliation using (run_id))"
    return of_this or rows(con, query.format(latest))


def checks(con: duckdb.DuckDBPyConnection) -> Row:
    """The latest results of each gate: how many held, and those that did not, with their limit."""
    latest = (
        "with latest as (select stage, arg_max(run_id, checked_at) as run_id from ops.quality_results group by stage), "
        "answers as (select * from ops.quality_results semi join latest using (stage, run_id)) "
    )
    counted = first(
        con,
        latest + "select count(*) filter (passed) as n_held, count(*) filter (passed is null) as n_skipped, "
        "count(*) filter (not passed) as n_not_held from answers",
    )
    found = rows(
        con,
        latest
        + "select severity, stage, table_name, coalesce(column_name, expectation) as what, observed_value, expected "
        "from answers where not passed order by severity, checked_at, table_name, what",
    )
    not_held = [
        {
            **one,
            "text": describe_row(
                one["table_name"], one["what"], one["severity"], one["observed_value"], one["expected"]
            ),
        }
        for one in found
    ]
    return {**counted, "not_held": not_held}


def stages(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Seconds of each stage of the run that made this version, up to the copy."""
    return rows(
        con,
        "select stage, duration_s, duration_s / max(duration_s) over () as share from ops.run_stages "
        "where run_id = (select arg_max(run_id, version) from ops.published_versions) and duration_s is not null "
        "order by started_at",
    )


def schema_changes(con: duckdb.DuckDBPyConnection) -> Row:
    """What sources deliver since the last 30 days, or no longer; what their first week brought is no change."""
    found = rows(
        con,
        f"""
        with ends as (select max(activity_date) as last_date from marts.user_activity),
        beginnings as (select source, min(change_date) as first_date from ops.schema_changes group by source)
        select source, event_name, property, change, change_date, value_type, previous_value_type, last_seen_date,
            count(*) over () as n_all
        from ops.schema_changes
        inner join beginnings using (source)
        cross join ends
        where change_date between last_date - {SCHEMA_DAYS - 1} and last_date
            and change_date >= first_date + {LEARNING_DAYS}
            and (change <> 'gone' or is_regular)
            -- a new event brings its properties along
            and not (change = 'first_seen' and property is not null and (source, event_name, change_date) in (
                select (source, event_name, change_date) from ops.schema_changes
                where change = 'first_seen' and property is null
            ))
        order by change_date desc, change desc, source, event_name, property nulls first, value_type
        limit {MAX_CHANGES}
        """,
    )
    return {"days": SCHEMA_DAYS, "n_all": found[0]["n_all"] if found else 0, "shown": found}


def nights(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Earlier runs, the newest first."""
    return rows(
        con,
        "select started_at, as_of_date, status, failed_step, duration_s, n_new_events from ops.runs "
        f"where ended_at is not null order by started_at desc limit {MAX_NIGHTS}",
    )
