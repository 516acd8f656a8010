"""Lifetimes of persons out of the build database: who is in the survival curves, how long they stayed, who has left.

Belongs here: that definition, and the sentence where it finds nobody. Not here: the estimate (`models.survival`).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from pipeline.home.memory import reading

if TYPE_CHECKING:
    import pandas as pd


def read_lifetimes(build_db: Path, segments: Path, as_of: date, lookback_days: int) -> pd.DataFrame:
    """Persons by breakdown, breakdown_value, lifetime_days and has_left, counted; sorted by all of them.

    Everybody first seen more than `lookback_days` before as_of is in each breakdown once: nobody else could have been
    seen leaving, as a person has left after lookback_days without a counted event. The lifetime of those who have left
    is the days from the first to the last active date. Of the others it is censored as_of - lookback_days - first seen,
    the last day on which leaving could be seen. `segments`: the night's ml.user_segments as the models wrote it.
    """
    with reading(build_db) as con:
        return con.execute(_LIFETIMES, {"segments": str(segments), "as_of": as_of, "lookback_days": lookback_days}).df()


def why_no_curve(con: duckdb.DuckDBPyConnection) -> str | None:
    """The sentence for an empty table of curves; None without any person. con: a build or a published version."""
    row = con.execute(
        "select max(days_since_first_seen), max(as_of_date) from marts.user_features "
        "where as_of_date = (select max(as_of_date) from marts.user_features)"
    ).fetchone()
    if row is None or row[0] is None:
        return None
    return (
        "too little history, as a person has left after churn.lookback_days without an event, and the first was seen "
        f"only {row[0]} day{'s' * (row[0] != 1)} before {row[1]}"
    )


_LIFETIMES = """
    with persons as (
        select
            features.days_since_first_seen
                - case when features.is_active_lookback then $lookback_days else features.days_since_last_active end
                as lifetime_days,
            not features.is_active_lookback as has_left,
            'all' as "all",
            coalesce(users.acquisition_channel, '(none)') as acquisition_channel,
            coalesce(segments.segment, '(none)') as segment,
            coalesce(segments.cluster_name, '(none)') as cluster_name
        from marts.user_features as features
        left join marts.dim_users as users using (person_id)
        left join read_parquet($segments) as segments using (person_id)
        where features.as_of_date = $as_of and features.days_since_first_seen > $lookback_days
    )
    select breakdown, breakdown_value, lifetime_days, has_left, count(*) as n_persons
    from (
        unpivot persons on "all", acquisition_channel, segment, cluster_name
        into name breakdown value breakdown_value
    )
    group by all
    order by all
"""
