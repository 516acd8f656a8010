"""The charts that tables can have in the UI: their numbers. How they are drawn is in `pipeline.reports.plots`.

Which table has which chart is its `meta: picture: {chart: …}` (the yml of the dbt model); further keys are arguments
of the function. Each function takes a read-only connection to the build database and the table, and returns a Markdown
image, or None where there is nothing to show. Days go back `SHOWN_DAYS` from the last one: a picture costs the same
after ten years.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline.reports import plots

SHOWN_DAYS = 90
MAX_FUNNELS = 3
Connection = Any


def picture(con: Connection, table: str, chart: str, **arguments: Any) -> str | None:
    """The chart of that name for a table."""
    return CHARTS[chart](con, table, **arguments)


def _per_day(con: Connection, table: str, title: str, date: str, series: Mapping[str, str]) -> str | None:
    columns = ", ".join(f"{expression} as {name}" for name, expression in series.items())
    rows = con.execute(
        f"select {date} as shown_date, {columns} from {table} "
        f"where {date} > (select max({date}) from {table}) - {SHOWN_DAYS} group by 1 order by 1"
    ).fetchall()
    if not rows:
        return None
    days, *values = zip(*rows, strict=True)
    return plots.per_day(days, dict(zip(series, values, strict=True)), title)


def _funnels(con: Connection, table: str) -> str | None:
    rows = con.execute(
        "select funnel_name, list(step_name order by step_number), list(n_reached order by step_number) "
        f"from {table} where period = 'all' and breakdown_value is null "
        f"group by 1 order by 1 limit {MAX_FUNNELS}"
    ).fetchall()
    return "\n\n".join(plots.ranked(names, n, n[0], f"Funnel {funnel}") for funnel, names, n in rows) or None


def _retention(con: Connection, table: str) -> str | None:
    rows = con.execute(
        f"select period_number, retention_rate, simple_mean_rate from {table} "
        "where mode = 'calendar_on' and grain = 'day' and retention_rate is not null order by 1"
    ).fetchall()
    if not rows:
        return None
    days, pooled, simple = zip(*rows, strict=True)
    series = {"all persons": pooled, "mean of cohorts": simple}
    return plots.curves(days, series, "Active on day n after the first (mature cohorts)", "days since first seen")


def _shares(con: Connection, table: str, title: str, column: str) -> str | None:
    rows = con.execute(f"select {column}, count(*) as n from {table} group by 1 order by n desc, 1").fetchall()
    if not rows:
        return None
    names, counts = zip(*rows, strict=True)
    return plots.ranked(names, counts, sum(counts), title)


def _tenths(con: Connection, table: str, title: str, column: str) -> str | None:
    rows = con.execute(
        f"select least(floor({column} * 10), 9) as tenth, count(*) from {table} "
        f"where {column} is not null group by 1 order by 1"
    ).fetchall()
    counts = {int(tenth): n for tenth, n in rows}
    names = [f"{tenth / 10:.1f}–{(tenth + 1) / 10:.1f}" for tenth in range(10)]
    return plots.columns(names, [counts.get(tenth, 0) for tenth in range(10)], title) if rows else None


def _survival(con: Connection, table: str) -> str | None:
    rows = con.execute(
        f"select breakdown_value, lifetime_day, survival_rate from {table} where breakdown = 'acquisition_channel' "
        "order by max(n_at_risk) over (partition by breakdown_value) desc, breakdown_value, lifetime_day"
    ).fetchall()
    if not rows:
        return None
    shown = list(dict.fromkeys(value for value, _, _ in rows))[: len(plots.COLOURS)]
    days = sorted({day for _, day, _ in rows})
    found = {(value, day): rate for value, day, rate in rows}
    series = {value: [found.get((value, day), float("nan")) for day in days] for value in shown}
    return plots.curves(days, series, "Still there so many days after first seen, by channel", "days since first seen")


def _metrics(con: Connection, table: str) -> str | None:
    rows = con.execute(
        "select model, algorithm, max(value) filter (metric = 'roc_auc'), max(value) filter (metric = 'pr_auc') "
        f"from {table} where split = 'test' and metric in ('roc_auc', 'pr_auc') group by 1, 2 order by 1, 4"
    ).fetchall()
    pictures = []
    for model in sorted({row[0] for row in rows}):
        mine = [row for row in rows if row[0] == model]
        series = {"ROC-AUC": [row[2] for row in mine], "PR-AUC": [row[3] for row in mine]}
        pictures.append(plots.grouped([row[1] for row in mine], series, f"{model}: test snapshot"))
    return "\n\n".join(pictures) or None


CHARTS: dict[str, Callable[..., str | None]] = {
    "per_day": _per_day,
    "shares": _shares,
    "tenths": _tenths,
    "funnels": _funnels,
    "retention_curve": _retention,
    "survival_curves": _survival,
    "model_metrics": _metrics,
}


def events_per_day(con: Connection, ledger: str, lake_events: str) -> str | None:
    """Accepted events of the lake per UTC day."""
    rows = con.execute(
        f"""
        with shown as (
            select max(max_event_at) - interval {SHOWN_DAYS} day as first_at
            from read_parquet(?) where status = 'loaded'
        )
        select cast(event_at as date) as shown_date, count(*)
        from read_parquet(?, hive_partitioning = true, hive_types = {{event_month: varchar}})
        where event_month >= (select strftime(first_at, '%Y-%m') from shown)
            and event_at > (select first_at from shown)
        group by 1
        order by 1
        """,
        [ledger, lake_events],
    ).fetchall()
    if not rows:
        return None
    days, counts = zip(*rows, strict=True)
    return plots.per_day(days, {"events": counts}, "Accepted events per day (UTC), duplicates included")
