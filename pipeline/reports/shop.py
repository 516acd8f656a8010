"""The report on the shop: retention, segments, value, survival. Sums and names only.

Definitions are those of the tables; nothing is computed here that a table holds. A share of fewer than MIN_PERSONS
persons is not shown.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.predict.lifetimes import why_no_curve
from pipeline.reports import plots
from pipeline.reports.learned import card_of
from pipeline.reports.rows import Row, exact_sum, first, rows
from pipeline.reports.svg import svg

MIN_PERSONS = 20
MIN_BUYERS_PER_FIFTH = 5
MAX_MIGRATIONS = 10
MAX_CHANNELS = len(plots.COLOURS)
RETENTION_DAYS = (1, 3, 7, 14, 30)
SURVIVAL_DAYS = (1, 7, 14, 30, 60, 88, 179, 361)  # after day 60 the table has a row per week


def retention(con: duckdb.DuckDBPyConnection) -> Row | None:
    """The share that is active n days after the first, over all mature cohorts."""
    curve = rows(
        con,
        "select period_number, n_cohort, n_retained, retention_rate from marts.retention_curve "
        "where mode = 'calendar_on' and grain = 'day' and retention_rate is not null order by 1",
    )
    shown = [row for row in curve if row["period_number"] in RETENTION_DAYS]
    if not shown:
        return None
    later = [row for row in curve if row["period_number"] > 0 and row["n_cohort"] >= MIN_PERSONS]
    rates = {"active": [row["retention_rate"] for row in later]}
    return {
        "shown": [{**row, "is_few": row["n_cohort"] < MIN_PERSONS} for row in shown],
        "min_persons": MIN_PERSONS,
        "nobody_returned": bool(later) and not any(row["n_retained"] for row in later),
        "picture": plots.curves([row["period_number"] for row in later], rates, "", "days since the first", svg)
        if len(later) > 1
        else None,
    }


def segments(con: duckdb.DuckDBPyConnection) -> Row | None:
    """Persons per segment, and how they differ: share, median recency, plausible orders and their net
    revenue per person if there are any."""
    found = rows(
        con,
        "select segment, count(*) as n_persons, count(*) / sum(count(*)) over () as share, "
        "median(days_since_last_active) as days_away, avg(n_orders - n_suspicious_orders) as orders_each, "
        f"{exact_sum('net_revenue')} / count(*) as revenue_each, bool_or(revenue <> 0) as has_amounts "
        "from ml.user_segments left join marts.dim_users using (person_id) group by 1 order by 2 desc, 1",
    )
    if not found:
        return None
    return {
        "shown": found,
        "has_orders": any(one["orders_each"] for one in found),
        "has_amounts": any(one["has_amounts"] for one in found),
    }


def migrations(con: duckdb.DuckDBPyConnection) -> Row | None:
    """Moves between segments since the night before; None on the first night."""
    moved = rows(
        con,
        "select previous_as_of_date, from_segment, to_segment, n_persons from ml.segment_migrations "
        "order by n_persons desc, from_segment, to_segment",
    )
    if not moved:
        return None
    changed = [one for one in moved if one["from_segment"] != one["to_segment"]]
    n_persons = sum(one["n_persons"] for one in moved)
    return {
        "since": moved[0]["previous_as_of_date"],
        "n_persons": n_persons,
        "n_stayed": n_persons - sum(one["n_persons"] for one in changed),
        "shown": changed[:MAX_MIGRATIONS],
        "n_more": max(len(changed) - MAX_MIGRATIONS, 0),
    }


def customer_value(con: duckdb.DuckDBPyConnection, folder: Path) -> Row | None:
    """Expected orders and revenue by fifths of buyers, the holdout, and why this model or none."""
    total = first(
        con,
        "select count(*) as n_buyers, max(horizon_days) as horizon_days, max(model_version) as model_version, "
        f"{exact_sum('expected_orders')} as n_orders, {exact_sum('expected_revenue')} as amount from ml.customer_value",
    )
    if not total["n_buyers"]:
        return None
    card = card_of(folder, total["model_version"]) or {}
    total["why"], total["holdout_days"] = card.get("reason"), card.get("holdout_days")
    total["is_rate_so_far"] = total["model_version"].startswith("same-rate")
    total["fifths"] = _fifths(con) if total["amount"] and total["n_buyers"] >= 5 * MIN_BUYERS_PER_FIFTH else []
    total["tests"] = rows(
        con,
        "select metric, value, ci_low, ci_high, baseline, baseline_value from ml.model_metrics "
        "where model = 'customer_value' and split = 'test' order by metric",
    )
    return total


def _fifths(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Whether somebody is still active shows in their pauses only, so buyers of one date have no share in that."""
    return rows(
        con,
        "with ranked as (select *, ntile(5) over (order by expected_revenue desc, person_id) as fifth "
        "from ml.customer_value where expected_revenue is not null) "
        f"select fifth, count(*) as n_buyers, {exact_sum('expected_revenue')} as amount, "
        f"{exact_sum('expected_orders')} / count(*) as orders_each, "
        "count(*) filter (n_order_days > 1) as n_repeat, "
        f"{exact_sum('case when n_order_days > 1 then probability_alive end')} "
        "/ count(case when n_order_days > 1 then probability_alive end) as probability_alive "
        "from ranked group by 1 order by 1",
    )


def survival(con: duckdb.DuckDBPyConnection) -> Row | None:
    """Kaplan–Meier curves of all persons and of the largest channels: a picture, and the share at some days.

    Where the history is too short for a curve only `why_none`; None without any person.
    """
    curve = rows(
        con,
        "select breakdown, breakdown_value as name, lifetime_day, survival_rate, "
        "max(n_at_risk) over (partition by breakdown, breakdown_value) as n_persons from ml.survival_curves "
        "where breakdown in ('all', 'acquisition_channel') "
        "order by breakdown = 'acquisition_channel', n_persons desc, name, lifetime_day",
    )
    if not curve:
        why = why_no_curve(con)
        return {"why_none": why} if why else None
    groups: dict[tuple[str, str], dict[int, float]] = {}
    n_persons: dict[tuple[str, str], int] = {}
    for row in curve:
        key = (row["breakdown"], row["name"])
        groups.setdefault(key, {})[row["lifetime_day"]] = row["survival_rate"]
        n_persons[key] = row["n_persons"]
    if max(n_persons.values()) < MIN_PERSONS:
        return {"why_none": f"fewer than {MIN_PERSONS} persons are old enough"}
    whole = [key for key in groups if key[0] == "all"]
    parts = [key for key in groups if key[0] != "all" and n_persons[key] >= MIN_PERSONS]
    shown = whole + (parts[:MAX_CHANNELS] if len(parts) > 1 else [])  # one channel alone is everybody again
    days = sorted({row["lifetime_day"] for row in curve})
    marks = [day for day in SURVIVAL_DAYS if day in days]
    channels = [key for key in shown if key[0] != "all"] or shown
    series = {name: [groups[kind, name].get(day, float("nan")) for day in days] for kind, name in channels}
    return {
        "why_none": None,
        "picture": plots.curves(days, series, "", "days since first seen", svg),
        "marks": marks,
        "groups": [
            {"name": name, "n_persons": n_persons[kind, name], "rates": [groups[kind, name].get(day) for day in marks]}
            for kind, name in shown
        ],
    }
