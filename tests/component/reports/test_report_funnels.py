"""The page's sentences on funnels, from tables of a warehouse."""

from __future__ import annotations

import duckdb
import pytest
from empty_report import NOTHING

from pipeline.reports import render
from pipeline.reports.funnels import funnels


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ("select * from entry where false", "Nobody entered: the first step, sign &amp; up, never occurred."),
        ("from entry", "Nobody is counted: an event in <code>exclude</code> removed the only entry."),
        ("from entry union all from entry", "an event in <code>exclude</code> removed all 2 entries."),
    ],
)
def test_a_funnel_that_nobody_entered_says_so(entries: str, sentence: str) -> None:
    with duckdb.connect() as con:
        con.execute(
            f"""create schema marts;
            create table entry as select 'buy' as funnel_name, true as is_excluded, true as is_window_closed,
                timestamp '2026-01-05' as entered_at, timestamp '2026-01-12' as window_ends_at;
            create table marts.fct_funnel_entries as {entries};
            create table marts.funnel_conversion as select 'buy' as funnel_name, 'all' as period,
                null::varchar as breakdown_value, 1 as step_number, 'sign & up' as step_name, false as is_optional,
                0 as n_reached,
                null::double as step_conversion_rate, null::double as overall_conversion_rate,
                null::double as median_time_from_previous_s"""
        )
        page = render.render({**NOTHING, "funnels": funnels(con)})
    assert sentence in page
