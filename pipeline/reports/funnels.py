"""The report on funnels: every step of those that most entered, and who may still advance."""

from __future__ import annotations

import duckdb

from pipeline.reports.rows import Row, rows

MAX_FUNNELS = 4


def funnels(con: duckdb.DuckDBPyConnection) -> Row:
    """`shown`: the funnels with the most entries, over all time, with the window that closes each entry; `more`: the
    names of the others.

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
        "select funnel_name, step_number, step_name, is_optional, n_reached, step_conversion_rate, "
        "overall_conversion_rate, median_time_from_previous_s from marts.funnel_conversion "
        "where period = 'all' and breakdown_value is null order by funnel_name, step_number",
    )
    nobody: Row = {"window_s": None, "n_entries": 0, "n_excluded": 0, "n_closed": 0}
    found = {step["funnel_name"]: {"name": step["funnel_name"], "steps": [], **nobody} for step in steps}
    for step in steps:
        before = found[step["funnel_name"]]["steps"]
        base = next((one["step_name"] for one in reversed(before) if not one["is_optional"]), None)
        before.append({**step, "base": base})
    for window in windows:
        if window["funnel_name"] in found:
            found[window["funnel_name"]] |= window
    ranked = sorted(found.values(), key=lambda funnel: -funnel["n_entries"])
    return {"shown": ranked[:MAX_FUNNELS], "more": [funnel["name"] for funnel in ranked[MAX_FUNNELS:]]}
