"""Gate raw: the ledger and the lake, after ingest and before dbt, when nothing downstream exists yet."""

from expectations.params import GateParams
from expectations.suites.base import (
    Check,
    Probe,
    Suite,
    at_least_one_row,
    between,
    lake,
    new_in_lake,
    none_of,
    quoted,
    rejected,
    until,
)
from expectations.suites.newest_day import NEWEST_DAY

# A file of three lines with one bad is no evidence of a rate over 5 %; this is the one-sided 99 % normal quantile.
WILSON_Z = 2.326
_NO_LATE_ROW = (
    "select cast(null as bigint) as n_too_late, cast(null as date) as too_late_from, cast(null as date) as too_late_to "
    "where false"
)
N_NAMED = 3  # reasons and files named in a message
_REREAD = "The lake and its ledger disagree: move data/lake away and run again, it is rebuilt from the source files"


def _ledger(params: GateParams) -> str:
    """The rows that count; in a ledger of an older version no line was ever too late."""
    read = f"select * from read_parquet({quoted(params.ledger)}) where status <> 'superseded'"
    return f"({read} union all by name ({_NO_LATE_ROW}))"


def _since(params: GateParams) -> str:
    """What was ingested later has not been judged and published yet."""
    return f"timestamp '{params.published_at}'" if params.published_at else "timestamp '-infinity'"


def _files_sql(params: GateParams) -> str:
    files = quoted(params.lake_events)
    if params.lake_new is not None:
        files = "[" + ", ".join(map(quoted, params.lake_new)) + "]"
    footers = f"parquet_file_metadata({files})"
    if params.new_is_empty:
        footers = "(select '' as file_name, 0 as num_rows where false)"
    judged = "" if params.lake_new is None else f"where ingested_at > {_since(params)}"
    # A file's second part in a month carries a further number: <source>-<file_id>-1.parquet.
    # Row counts come from the Parquet footers: reconciling a year of files reads no events.
    return f"""
        with lake_files as (
            select regexp_extract(file_name, '-([0-9a-f]+)(-[0-9]+)?\\.parquet$', 1) as file_id, sum(num_rows) as n_rows
            from {footers}
            group by all
        ),
        -- a superseded file's events may still lie in the lake; nothing reads them
        superseded as (select file_id from read_parquet({quoted(params.ledger)}) where status = 'superseded'),
        truncated as (
            select file_id, count(*) as n from {rejected(params)} where reason = 'truncated_file' group by file_id
        ),
        ledger as (select * from {_ledger(params)} {judged})
        select
            coalesce(ledger.source, '(not in the ledger)') as source,
            coalesce(ledger.file, lake_files.file_id) as file,
            abs(ledger.n_lines - ledger.n_accepted - ledger.n_rejected) as n_unaccounted_lines,
            abs(coalesce(lake_files.n_rows, 0) - coalesce(ledger.n_accepted, 0)) as n_lake_rows_off,
            epoch(ledger.max_event_at - ledger.ingested_at) / 3600.0 as hours_event_after_ingest,
            year(ledger.min_event_at) as first_event_year,
            coalesce(truncated.n, 0) as n_truncated,
            cast(coalesce(
                ledger.n_lines > 0 and ledger.n_rejected - coalesce(ledger.n_too_late, 0) >= ledger.n_lines, false
            ) as integer) as n_unreadable
        from ledger
        full join (select * from lake_files where file_id not in (select file_id from superseded)) as lake_files
            using (file_id)
        left join truncated using (file_id)
    """


def _files_checks(params: GateParams) -> list[Check]:
    # Nothing new since the last version is a night like any other.
    idle = params.lake_new is not None
    return [
        *([] if idle else [at_least_one_row()]),
        none_of("n_unaccounted_lines", may_be_empty=idle, hint=_REREAD),
        none_of("n_lake_rows_off", may_be_empty=idle, hint=_REREAD),
        between(
            "hours_event_after_ingest",
            high=params.max_future_hours,
            may_be_empty=True,
            hint="Events lie in the future: check timezone and timestamp_format of the source in growth.yaml",
        ),
        # A parser that reads seconds as milliseconds, or nothing as 0, lands in 1970.
        between("first_event_year", low=1990, severity="warn", may_be_empty=True),
        none_of("n_truncated", severity="warn", may_be_empty=idle),
        none_of("n_unreadable", severity="warn", may_be_empty=idle),
    ]


def _rejects_sql(params: GateParams) -> str:
    z2 = WILSON_Z**2
    since = _since(params)
    return f"""
        -- an event that came too late is no bad line: it has a check of its own
        with ledger as (
            select * replace (n_rejected - coalesce(n_too_late, 0) as n_rejected), ingested_at > {since} as is_new
            from {_ledger(params)}
        ),
        totals as (
            select source, sum(n_rejected) / sum(n_lines) as rejected_rate
            from ledger
            group by source
            having sum(n_lines) > 0
        ),
        -- an ingest is judged until a version that holds it was published: what was accepted once stays accepted
        batches as (
            select source, ingested_at, sum(n_lines) as n, sum(n_rejected) as k
            from ledger
            where is_new
            group by source, ingested_at
            having sum(n_lines) > 0
        ),
        worst_batches as (
            select source, max(
                (k / n + {z2} / (2 * n) - {WILSON_Z} * sqrt((k / n * (1 - k / n) + {z2} / (4 * n)) / n)) / (1 + {z2} / n)
            ) as low
            from batches
            group by source
        ),
        -- what a person needs to know: how many, why, and where to look; of what is new, else of all
        shown as (from ledger qualify is_new or not bool_or(is_new) over (partition by source)),
        counts as (
            select source, cast(sum(n_rejected) as bigint) || ' of ' || cast(sum(n_lines) as bigint) as listed
            from shown
            group by source
        ),
        reasons as (
            select source, string_agg(reason || ' ' || n, ', ' order by n desc, reason) as listed
            from (
                select rejected.source, reason, count(*) as n
                from {rejected(params)} as rejected
                where file_id in (select file_id from shown) and reason <> 'too_late'
                group by rejected.source, reason
                qualify row_number() over (partition by rejected.source order by n desc, reason) <= {N_NAMED}
            )
            group by source
        ),
        worst_files as (
            select source, string_agg(file || ' ' || n_rejected, ', ' order by n_rejected desc, file) as listed
            from (
                from shown
                where n_rejected > 0
                qualify row_number() over (partition by source order by n_rejected desc, file) <= {N_NAMED}
            )
            group by source
        )
        select
            source,
            rejected_rate,
            worst_batches.low as worst_new_batch_rejected_rate_low,
            counts.listed as rejected_lines,
            coalesce(reasons.listed, 'none') as reasons,
            coalesce(worst_files.listed, 'none') as most_in
        from totals
        left join worst_batches using (source)
        left join counts using (source)
        left join reasons using (source)
        left join worst_files using (source)
    """


def _rejects_checks(params: GateParams) -> list[Check]:
    hint = (
        "Read some rejected lines (data/lake/rejected), then deliver the files named again under their names, correct "
        "the source in growth.yaml, or raise cleaning.max_rejected_rate if this many are expected"
    )
    return [
        between("rejected_rate", 0, params.max_rejected_rate, hint=hint),
        # A broken night must not hide behind a long good history.
        between("worst_new_batch_rejected_rate_low", high=params.max_rejected_rate, may_be_empty=True, hint=hint),
    ]


def _late_sql(params: GateParams) -> str:
    return f"""
        with ledger as (select *, n_too_late > 0 and ingested_at > {_since(params)} as is_new_late from {_ledger(params)})
        select
            source,
            coalesce(cast(sum(n_too_late) filter (is_new_late) as bigint), 0) as n_too_late,
            'growthhouse backfill --from ' || min(too_late_from) filter (is_new_late)
                || ' --to ' || max(too_late_to) filter (is_new_late) as taken_in_by
        from ledger
        group by source
    """


def _late_checks(params: GateParams) -> list[Check]:
    # Held back on purpose (cleaning.days_late_allowed): somebody should know, and nothing is wrong.
    return [none_of("n_too_late", severity="warn", may_be_empty=True)]


def _volume_sql(params: GateParams) -> str:
    end = until(params)
    return f"""
        with recent as (
            select source, event_at >= {end} - interval 7 day as is_last_week, cast(event_at as date) as event_date
            from {lake(params)}
            where event_month >= strftime({end} - interval 36 day, '%Y-%m')
                and event_at >= {end} - interval 35 day
                and event_at < {end}
        ),
        days as (
            select source, event_date, count(*) as n, bool_and(is_last_week) as is_last_week,
                date_diff('day', lag(event_date) over (partition by source order by event_date), event_date) as gap_days
            from recent
            group by source, event_date
        )
        select
            source,
            -- less than two weeks of history say nothing about a usual week
            case when count(*) filter (where not is_last_week) >= 14
                then sum(n) filter (where is_last_week) / (sum(n) filter (where not is_last_week) / 4.0)
            end as last_week_volume_ratio,
            case when count(*) >= 14
                then date_diff('day', max(event_date), cast({end} as date)) / greatest(max(gap_days), 1)
            end as silence_over_longest_gap
        from days
        group by source
    """


def _volume_checks(params: GateParams) -> list[Check]:
    # Warnings: a source may end, a campaign may triple a week, and the data's last days are often partial.
    return [
        between(
            "last_week_volume_ratio",
            params.min_volume_ratio,
            params.max_volume_ratio,
            severity="warn",
            may_be_empty=True,
        ),
        # Other sources go on, so as_of does, and this one has long been silent.
        between("silence_over_longest_gap", high=params.max_silence_ratio, severity="warn", may_be_empty=True),
    ]


def _total_sql(params: GateParams) -> str:
    end = until(params)
    return f"""
        select
            (
                select coalesce(sum(n_accepted), 0) from {_ledger(params)}
                where status = 'loaded' and min_event_at < {end}
            ) as n_events_to_as_of,
            count(*) filter (where event_at is null) as n_without_event_at,
            count(*) filter (where user_id is null and anonymous_id is null) as n_without_identity
        from {new_in_lake(params)}
    """


def _total_checks(params: GateParams) -> list[Check]:
    return [
        between("n_events_to_as_of", low=1, hint="No event up to as_of: check as_of and the sources in growth.yaml"),
        none_of("n_without_event_at", hint=_REREAD),
        none_of("n_without_identity", hint=_REREAD),
    ]


SUITES: tuple[Suite, ...] = (
    Suite(
        "raw.ingested_files",
        "raw",
        (
            Probe("files", _files_sql, _files_checks, keys=("source", "file")),
            Probe("rejects", _rejects_sql, _rejects_checks, keys=("source", "rejected_lines", "reasons", "most_in")),
            Probe("late", _late_sql, _late_checks, keys=("source", "taken_in_by")),
        ),
    ),
    Suite(
        "raw.events",
        "raw",
        (
            Probe("total", _total_sql, _total_checks),
            Probe("volume", _volume_sql, _volume_checks, keys=("source",)),
            NEWEST_DAY,
        ),
    ),
)
