"""The report on activity and revenue: the last days beside the same days a week before. Sums only.

A figure is compared with an earlier one only where the history covers both windows; the section says so otherwise.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb

from pipeline.reports import plots
from pipeline.reports.rows import Row, exact_sum, first, rows
from pipeline.reports.svg import svg

WINDOWS = {"dau": 1, "wau": 7, "mau": 30, "n_new": 1}
WEEK = 7
MONTH = 30
HARDLY_ANYBODY = 0.05  # of the persons of an average day
_ORDERS = (
    "from marts.fct_orders where not is_suspicious and not is_bot and coalesce(currency, $currency) = $currency "
    "and order_date <= $as_of"
)


def activity(con: duckdb.DuckDBPyConnection, shown_days: int) -> Row | None:
    """The last day compared with the same day a week before, and active persons over time."""
    days = rows(con, "select activity_date, dau, wau, mau, stickiness, n_new from marts.user_activity order by 1")
    if not days:
        return None
    last, persons = days[-1], [day["dau"] for day in days]
    before = days[-1 - WEEK] if len(days) > WEEK else {}
    shown = days[-shown_days:]
    series = {"in the day": [day["dau"] for day in shown], "in 7 days": [day["wau"] for day in shown]}
    return {
        "last": last,
        "before": {name: before[name] if is_covered(persons, window) else None for name, window in WINDOWS.items()},
        "begins_on": days[0]["activity_date"],
        "n_history_days": len(days),
        "n_days": len(shown),
        "stickiness": last["stickiness"] if len(days) >= MONTH else None,
        "picture": plots.per_day([day["activity_date"] for day in shown], series, "", svg) if len(shown) > 1 else None,
    }


def is_covered(persons: list[int], window: int) -> bool:
    """Whether the window a week before the last one lies inside the history, with activity on half as many days.

    persons: those active per day, up to as_of. A day with hardly anybody does not count: stray events long before the
    others make no history.

    >>> is_covered([9] * 14, 7), is_covered([9] * 13, 7)
    (True, False)
    >>> is_covered([1] + [0] * 20 + [900] * 9, 7), is_covered([1] * 21 + [900] * 9, 7)
    (False, False)
    """
    if len(persons) < WEEK + window:
        return False
    earlier, later = persons[len(persons) - WEEK - window : len(persons) - WEEK], persons[-window:]
    least = HARDLY_ANYBODY * sum(later) / window
    return 2 * sum(n > least for n in earlier) >= sum(n > least for n in later)


def revenue(con: duckdb.DuckDBPyConnection, currency: str, shown_days: int) -> Row | None:
    """Plausible orders of the last 7 days compared with the 7 before, revenue per day; site's currency only."""
    as_of: date = first(con, "select max(as_of_date) as day from ops.published_versions")["day"]
    given: Any = {"currency": currency, "as_of": as_of}
    total = con.execute(
        "select count(*), max(order_date), count(*) filter (revenue > 0), count(*) filter (net_revenue <> revenue) "
        f"{_ORDERS}",
        given,
    ).fetchone()
    n_orders, last_date, n_paid, n_refunded = total or (0, None, 0, 0)
    left_out = first(
        con,
        "select count(*) filter (is_suspicious) as n_suspicious, "
        "count(*) filter (not is_suspicious and currency <> ?) as n_other_currency "
        "from marts.fct_orders where not is_bot",
        [currency],
    )
    if not n_orders:
        return {"n_orders": 0, **left_out} if any(left_out.values()) else None
    weeks = _weeks(con, given)
    elsewhere = first(
        con,
        f"select {exact_sum('amount')} as amount from marts.fct_refunds "
        "where is_counted and not has_order and not is_bot and refund_date > ? and refund_date <= ?",
        [as_of - timedelta(days=WEEK), as_of],
    )
    persons = [day["dau"] for day in rows(con, "select dau from marts.user_activity order by activity_date")]
    return {
        "n_orders": n_orders,
        "last_date": last_date,
        "has_amounts": n_paid > 0,
        "has_refunds": n_refunded > 0,
        "refunded_elsewhere": elsewhere["amount"],
        "last_week": weeks[0],
        "week_before": weeks[1] if is_covered(persons, WEEK) else None,
        **left_out,
        "picture": _picture(con, given, shown_days) if n_paid else None,
    }


def _weeks(con: duckdb.DuckDBPyConnection, given: Any) -> list[Row]:
    """Orders of the last 7 days and of the 7 before: how many, with an amount, gross, and net of their refunds."""
    cursor = con.execute(
        f"select ($as_of - order_date) // 7 as weeks_ago, count(*), count(*) filter (revenue > 0), "
        f"{exact_sum('coalesce(revenue, 0)')}, {exact_sum('coalesce(net_revenue, 0)')} "
        f"{_ORDERS} and order_date > $as_of - 14 group by 1",
        given,
    )
    names = ("n_orders", "n_paid", "amount", "net")
    found = {row[0]: dict(zip(names, row[1:], strict=True)) for row in cursor.fetchall()}
    return [found.get(week, {"n_orders": 0, "n_paid": 0, "amount": 0.0, "net": 0.0}) for week in (0, 1)]


def _picture(con: duckdb.DuckDBPyConnection, given: Any, shown_days: int) -> str | None:
    days = con.execute(
        f"select order_date, {exact_sum('coalesce(revenue, 0)')} {_ORDERS} and order_date > $as_of - {shown_days} "
        "group by 1 order by 1",
        given,
    ).fetchall()
    if len(days) < 2:
        return None
    dates, amounts = zip(*days, strict=True)
    return plots.per_day(dates, {"revenue": amounts}, "", svg)
