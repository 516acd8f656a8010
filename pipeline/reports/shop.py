"""The report on the shop: activity, revenue, retention, funnels, segments, value, survival. Sums and names only.

Definitions are those of the tables; nothing is computed here that a table holds.
"""

from __future__ import annotations

from typing import Any

import duckdb

from pipeline.predict.lifetimes import why_no_curve
from pipeline.reports import plots
from pipeline.reports.rows import Row, exact_sum, first, rows
from pipeline.reports.svg import svg

MAX_FUNNELS = 3
MAX_MIGRATIONS = 10
MAX_CHANNELS = len(plots.COLOURS)
RETENTION_DAYS = (1, 3, 7, 14, 30)
SURVIVAL_DAYS = (1, 7, 14, 30, 60, 90)


def activity(con: duckdb.DuckDBPyConnection, shown_days: int) -> Row | None:
    """The last day compared with the same day a week before, and active persons over time."""
    days = rows(
        con,
        "select activity_date, dau, wau, mau, stickiness, n_new, n_resurrected, n_dormant from marts.user_activity "
        f"where activity_date > (select max(activity_date) from marts.user_activity) - {shown_days} order by 1",
    )
    if not days:
        return None
    series = {"in the day": [day["dau"] for day in days], "in 7 days": [day["wau"] for day in days]}
    return {
        "last": days[-1],
        "week_before": days[-8] if len(days) > 7 else None,
        "n_days": len(days),
        "picture": plots.per_day([day["activity_date"] for day in days], series, "", svg),
    }


def revenue(con: duckdb.DuckDBPyConnection, currency: str, shown_days: int) -> Row | None:
    """Plausible orders of the last 7 days compared with the 7 before, revenue per day; site's currency only."""
    counted = (
        "from marts.fct_orders where not is_suspicious and not is_bot and coalesce(currency, $currency) = $currency"
    )
    as_of = first(con, "select max(as_of_date) as day from ops.published_versions")["day"]
    given: Any = {"currency": currency, "as_of": as_of}
    days = con.execute(
        f"select order_date, {exact_sum('coalesce(revenue, 0)')} {counted} and order_date > $as_of - {shown_days} "
        "group by 1 order by 1",
        given,
    ).fetchall()
    if not days:
        return None
    spans = con.execute(
        f"select n_days_ago // 7 as weeks_ago, count(*), {exact_sum('coalesce(revenue, 0)')} "
        f"from (select $as_of - order_date as n_days_ago, revenue {counted} and order_date > $as_of - 14) group by 1",
        given,
    ).fetchall()
    weeks = {weeks_ago: {"n_orders": n_orders, "amount": amount} for weeks_ago, n_orders, amount in spans}
    nothing = {"n_orders": 0, "amount": 0.0}
    left_out = first(
        con,
        "select count(*) filter (is_suspicious) as n_suspicious, "
        "count(*) filter (not is_suspicious and currency <> ?) as n_other_currency "
        "from marts.fct_orders where not is_bot",
        [currency],
    )
    dates, amounts = zip(*days, strict=True)
    picture = plots.per_day(dates, {"revenue": amounts}, "", svg)
    return {
        "last_week": weeks.get(0, nothing),
        "week_before": weeks.get(1, nothing),
        **left_out,
        "n_days": len(days),
        "picture": picture,
    }


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
    later = [row for row in curve if row["period_number"] > 0]
    rates = {"active": [row["retention_rate"] for row in later]}
    picture = plots.curves([row["period_number"] for row in later], rates, "", "days since the first", svg)
    return {"shown": shown, "picture": picture}


def funnels(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Every step of the first funnels, over all time, and the window that closes each entry.

    A funnel that nobody entered has its steps, and no window.
    """
    windows = rows(
        con,
        "select funnel_name, max(epoch(window_ends_at - entered_at)) as window_s, "
        "count(*) filter (not is_excluded) as n_entries, count(*) filter (is_excluded) as n_excluded, "
        "count(*) filter (not is_excluded and is_window_closed) as n_closed from marts.fct_funnel_entries group by 1",
    )
    steps = rows(
        con,
        "select funnel_name, step_number, step_name, n_reached, step_conversion_rate, overall_conversion_rate, "
        "median_time_from_previous_s from marts.funnel_conversion "
        "where period = 'all' and breakdown_value is null order by funnel_name, step_number",
    )
    nobody: Row = {"window_s": None, "n_entries": 0, "n_excluded": 0, "n_closed": 0}
    found = {step["funnel_name"]: {"name": step["funnel_name"], "steps": [], **nobody} for step in steps}
    for step in steps:
        found[step["funnel_name"]]["steps"].append(step)
    for window in windows:
        if window["funnel_name"] in found:
            found[window["funnel_name"]] |= window
    return list(found.values())[:MAX_FUNNELS]


def segments(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Persons per segment, and how they differ: share, median recency, revenue per person."""
    return rows(
        con,
        "select segment, count(*) as n_persons, count(*) / sum(count(*)) over () as share, "
        "median(days_since_last_active) as days_away, avg(n_orders - n_suspicious_orders) as orders_each, "
        f"{exact_sum('revenue')} / count(*) as revenue_each "
        "from ml.user_segments left join marts.dim_users using (person_id) group by 1 order by 2 desc, 1",
    )


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


def customer_value(con: duckdb.DuckDBPyConnection) -> Row | None:
    """Expected orders and revenue by fifths of buyers, and the holdout."""
    total = first(
        con,
        "select count(*) as n_buyers, max(horizon_days) as horizon_days, max(model_version) as model_version, "
        f"{exact_sum('expected_orders')} as n_orders, {exact_sum('expected_revenue')} as amount from ml.customer_value",
    )
    if not total["n_buyers"]:
        return None
    total["fifths"] = rows(
        con,
        "with ranked as (select *, ntile(5) over (order by expected_revenue desc, person_id) as fifth "
        "from ml.customer_value where expected_revenue is not null) "
        f"select fifth, count(*) as n_buyers, {exact_sum('expected_revenue')} as amount, "
        f"{exact_sum('expected_orders')} / count(*) as orders_each, "
        f"{exact_sum('probability_alive')} / count(probability_alive) as probability_alive "
        "from ranked group by 1 order by 1",
    )
    total["tests"] = rows(
        con,
        "select metric, value, ci_low, ci_high, baseline, baseline_value from ml.model_metrics "
        "where model = 'customer_value' and split = 'test' order by metric",
    )
    return total


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
    shown = list(groups)[: MAX_CHANNELS + 1]
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
