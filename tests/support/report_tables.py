"""Published tables in memory, with the columns of the dbt project, and small homes to put into them.

Belongs here: rows for the report's queries. Not here: what the page says of them (`tests/component/reports`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from pipeline.home.paths import DBT_PROJECT
from pipeline.reports import render, write

TYPES = {"string": "varchar"}
LAST_DAY = "2026-02-09"
VERSION = f"""create table ops.published_versions (
        version varchar, as_of_date date, published_at timestamp, run_id varchar, n_events bigint);
    insert into ops.published_versions
    values ('v', date '{LAST_DAY}', timestamp '2026-02-10 02:31:00', 'r', 0)"""


@cache
def definitions() -> str:
    """Every table that a report may read, without rows."""
    statements = []
    for folder in ("marts", "ml", "activation", "ops", "raw"):
        statements.append(f"create schema {folder}")
        for file in sorted((DBT_PROJECT / "models" / folder).rglob("*.yml")):
            for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", ()):
                columns = [(one["name"], one.get("data_type", "varchar")) for one in model.get("columns", ())]
                listed = ", ".join(f'"{name}" {TYPES.get(kind, kind)}' for name, kind in columns)
                statements.append(f"create table {folder}.{model['name']} ({listed})")
    return ";".join(statements)


def active_days(n_days: int, persons: str, *, mau: str = "0", new: str = "0") -> str:
    """A history of so many days up to the last one; `persons`, `mau` and `new`: SQL over `i`, 0 for the last day."""
    return f"""insert into marts.user_activity (activity_date, dau, wau, mau, stickiness, n_new)
        select date '{LAST_DAY}' - i::int, {persons}, {persons}, {mau}, ({persons}) / nullif({mau}, 0), {new}
        from range({n_days}) as t (i)"""


def orders(days_ago: int, n: int, revenue: str = "null", net: str | None = None) -> str:
    """So many orders of one day."""
    return f"""insert into marts.fct_orders
            (order_id, order_date, revenue, net_revenue, is_suspicious, is_bot, currency)
        select uuid()::varchar, date '{LAST_DAY}' - {days_ago}, {revenue}, {net or revenue}, false, false, 'EUR'
        from range({n})"""


def schema_change(
    event: str,
    name: str | None,
    change: str,
    days_ago: int,
    kind: str,
    *,
    before: str | None = None,
    is_regular: bool = True,
    last_seen: int = 0,
) -> str:
    """A change of what the source `shop` delivers."""
    day = f"date '{LAST_DAY}'"
    quoted = ["null" if text is None else f"'{text}'" for text in (event, name, change, kind, before)]
    return f"""insert into ops.schema_changes (source, event_name, property, change, value_type, previous_value_type,
            change_date, last_seen_date, is_regular)
        values ('shop', {", ".join(quoted)}, {day} - {days_ago}, {day} - {last_seen}, {is_regular})"""


def refund(days_ago: int, amount: float, has_order: bool) -> str:
    """A refund, of an order that is known or not."""
    return f"""insert into marts.fct_refunds (event_id, refund_date, amount, has_order, is_counted, is_bot)
        values (uuid()::varchar, date '{LAST_DAY}' - {days_ago}, {amount}, {has_order}, true, false)"""


def funnel(name: str, reached: list[int], *, optional: tuple[int, ...] = (), is_closed: bool = True) -> str:
    """A funnel a → b → c … with so many entries per step and a window of a day."""
    steps = "abcdefgh"[: len(reached)]
    rows, base = [], reached[0]
    for number, (step, n) in enumerate(zip(steps, reached, strict=True), start=1):
        rate = n / base if base else "null"
        rows.append(
            f"('{name}', 'all', {number}, '{step}', {number in optional}, {reached[0]}, {n}, {rate}, "
            f"{n / reached[0] if reached[0] else 'null'})"
        )
        base = base if number in optional else n
    return f"""insert into marts.funnel_conversion (funnel_name, period, step_number, step_name, is_optional, n_entered,
            n_reached, step_conversion_rate, overall_conversion_rate) values {", ".join(rows)};
        insert into marts.fct_funnel_entries (funnel_name, entered_at, window_ends_at, is_excluded, is_window_closed)
        select '{name}', timestamp '2026-01-01', timestamp '2026-01-02', false, {is_closed} from range({reached[0]})"""


def persons(n: int, segment: str = "regular", revenue: str = "0", n_orders: int = 0, net: str | None = None) -> str:
    """So many persons of one segment, each with the revenue, and with what refunds leave of it."""
    return f"""insert into marts.dim_users (person_id, is_bot, days_since_last_active, n_orders, n_suspicious_orders,
            revenue, net_revenue)
        select '{segment}' || i, false, 1, {n_orders}, 0, {revenue}, {net or revenue} from range({n}) as t (i);
        insert into ml.user_segments (person_id, segment) select '{segment}' || i, '{segment}'
        from range({n}) as t (i)"""


def buyers(n: int, n_order_days: int, orders_each: str, revenue: str, alive: str, version: str = "bgnbd-1") -> str:
    """So many buyers with what is expected of each."""
    return f"""insert into ml.customer_value (person_id, horizon_days, n_order_days, probability_alive, expected_orders,
            expected_revenue, model_version)
        select '{n_order_days}.' || i, 90, {n_order_days}, {alive}, {orders_each}, {revenue}, '{version}'
        from range({n}) as t (i)"""


def scores(kind: str, n: int, version: str, drifted: int = 0, psi: float = 0.0) -> str:
    """So many scored persons; features with that PSI, as many of them drifted."""
    band = {"churn": "risk_band", "purchase": "propensity_band"}[kind]
    return f"""insert into ml.{kind}_scores (person_id, probability, {band}, model_version)
        select i::varchar, 0.2, 'low', '{version}' from range({n}) as t (i);
        insert into ml.feature_drift (model, feature, psi, missing_rate, reference_missing_rate, is_drifted)
        select '{kind}', 'feature_' || i, {psi}, 0, 0, i < {drifted} from range(4) as t (i)"""


def retention(*cells: tuple[int, int, int]) -> str:
    """(day, persons, active) of the curve."""
    rows = [f"('calendar_on', 'day', {day}, {n}, {active}, {active / n})" for day, n, active in cells]
    return f"""insert into marts.retention_curve (mode, grain, period_number, n_cohort, n_retained, retention_rate)
        values {", ".join(rows)}"""


def lifetimes(breakdown: str, value: str, n: int) -> str:
    """A curve of so many persons at days 1 and 7."""
    return f"""insert into ml.survival_curves (breakdown, breakdown_value, lifetime_day, n_at_risk, survival_rate)
        values ('{breakdown}', '{value}', 1, {n}, 0.9), ('{breakdown}', '{value}', 7, {n}, 0.8)"""


def page(*statements: str, artifacts: Path) -> str:
    """The report of a home with these rows, as HTML."""
    con: Any = duckdb.connect()
    with con:
        for statement in (definitions(), VERSION, *statements):
            con.execute(statement)
        content = write.contents(con, artifacts, "EUR")
    return render.render({"version": "v", "home": "shop", **content})
