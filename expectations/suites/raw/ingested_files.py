"""Files as the ledger records them: every line accounted for, few rejected, none dated ahead."""

from expectations.checks import Check, Probe, at_least, at_least_one_row, at_most, between, zero
from expectations.lake import ledger, quoted, quoted_list, rejected, since
from expectations.params import GateParams

# A file of three lines with one bad is no evidence of a rate over 5 %; this is the one-sided 99 % normal quantile.
WILSON_Z = 2.326
N_NAMED = 3  # reasons and files named in a message
_REBUILD_LAKE = (
    "The lake and its ledger disagree: move data/lake away and run again, it is rebuilt from the source files"
)
_REJECT_KEYS = ("source", "rejected_lines", "reasons", "most_in")
_REJECTS = (
    "Read some rejected lines (`growthhouse rejected`), then deliver the files named again under their names, correct "
    "the source in growth.yaml, or raise cleaning.max_rejected_rate if this many are expected"
)


def files(params: GateParams) -> Probe:
    # Nothing new since the last version is a night like any other.
    only_new = params.lake_new is not None
    return Probe(
        sql=_files_sql(params),
        keys=("source", "file"),
        checks=[
            *([] if only_new else [at_least_one_row("files in the ledger: no file was ever ingested")]),
            zero(
                "n_unaccounted_lines",
                "lines of a file that are neither accepted nor rejected",
                may_be_empty=only_new,
                action=_REBUILD_LAKE,
            ),
            zero(
                "n_lake_rows_off",
                "rows that the lake holds of a file, less those that the ledger counted as accepted",
                may_be_empty=only_new,
                action=_REBUILD_LAKE,
            ),
            at_most(
                "hours_event_after_ingest",
                params.max_future_hours,
                "hours from the ingest of a file to its latest event",
                may_be_empty=True,
                action="Events lie in the future: check timezone and timestamp_format of the source in growth.yaml",
            ),
            # A parser that reads seconds as milliseconds, or nothing as 0, lands in 1970.
            at_least(
                "first_event_year",
                1990,
                "the earliest event is very old, as when a time unit or an empty time was misread",
                look="select file, min_event_at from raw.ingested_files order by 2",
                severity="warn",
                may_be_empty=True,
            ),
            zero(
                "n_truncated",
                "files that end in the middle of an archive; deliver them again, complete",
                look="from raw.rejected_events where reason = 'truncated_file'",
                severity="warn",
                may_be_empty=only_new,
            ),
            zero(
                "n_unreadable",
                "files of which no line could be read; check the format of the source in growth.yaml",
                look="select file, reason, count(*) from raw.rejected_events group by all order by 3 desc limit 10",
                severity="warn",
                may_be_empty=only_new,
            ),
        ],
    )


def _files_sql(params: GateParams) -> str:
    paths = quoted(params.lake_events) if params.lake_new is None else quoted_list(params.lake_new)
    footers = f"parquet_file_metadata({paths})"
    if params.new_is_empty:
        footers = "(select '' as file_name, 0 as num_rows where false)"
    unchecked = "" if params.lake_new is None else f"where ingested_at > {since(params)}"
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
        ledger as (select * from {ledger(params)} {unchecked})
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


def rejects(params: GateParams) -> Probe:
    return Probe(
        sql=_rejects_sql(
            params, "shown as (select *, null as low from ledger)", "n_rejected / n_lines as rejected_rate"
        ),
        keys=_REJECT_KEYS,
        checks=[
            between(
                "rejected_rate",
                0,
                params.max_rejected_rate,
                "share of a source's lines that were rejected, all files together",
                action=_REJECTS,
            )
        ],
    )


def new_rejects(params: GateParams) -> Probe:
    """A broken night must not hide behind a long good history."""
    z2 = WILSON_Z**2
    wilson_low = (
        f"(k / n + {z2} / (2 * n) - {WILSON_Z} * sqrt((k / n * (1 - k / n) + {z2} / (4 * n)) / n)) / (1 + {z2} / n)"
    )
    # An ingest is checked until a version that holds it was published: what was accepted once stays accepted.
    shown = f"""
        batches as (
            select source, ingested_at, sum(n_lines) as n, sum(n_rejected) as k
            from ledger
            where ingested_at > {since(params)}
            group by source, ingested_at
            having sum(n_lines) > 0
        ),
        worst as (
            select source, ingested_at, {wilson_low} as low
            from batches
            qualify row_number() over (partition by source order by low desc, ingested_at desc) = 1
        ),
        shown as (select ledger.*, worst.low from ledger inner join worst using (source, ingested_at))"""
    limit = params.max_rejected_rate
    rate = f"case when low > {limit} or n_rejected / n_lines <= {limit} then n_rejected / n_lines end"
    return Probe(
        sql=_rejects_sql(params, shown, f"{rate} as worst_new_batch_rejected_rate"),
        keys=_REJECT_KEYS,
        checks=[
            at_most(
                "worst_new_batch_rejected_rate",
                limit,
                "share of rejected lines in a source's worst new delivery, if it has enough lines to tell (the lower "
                "end of the 99 % interval is above the limit)",
                may_be_empty=True,
                action=_REJECTS,
            )
        ],
    )


def _rejects_sql(params: GateParams, shown: str, rate: str) -> str:
    """A rate of each source, and what a person needs to know of the files in `shown`: how many, why, where to look."""
    return f"""
        -- an event that came too late is not a bad line: it has a check of its own
        with ledger as (
            select * replace (n_rejected - coalesce(n_too_late, 0) as n_rejected)
            from {ledger(params)}
        ),
        {shown},
        totals as (
            select source, sum(n_rejected) as n_rejected, sum(n_lines) as n_lines, any_value(low) as low
            from shown
            group by source
            having sum(n_lines) > 0
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
            {rate},
            cast(n_rejected as bigint) || ' of ' || cast(n_lines as bigint) as rejected_lines,
            coalesce(reasons.listed, 'none') as reasons,
            coalesce(worst_files.listed, 'none') as most_in
        from totals
        left join reasons using (source)
        left join worst_files using (source)
    """


def late(params: GateParams) -> Probe:
    return Probe(
        sql=f"""
            with ledger as (
                select *, n_too_late > 0 and ingested_at > {since(params)} as is_new_late from {ledger(params)}
            )
            select
                source,
                coalesce(cast(sum(n_too_late) filter (is_new_late) as bigint), 0) as n_too_late,
                'growthhouse backfill --from ' || min(too_late_from) filter (is_new_late)
                    || ' --to ' || max(too_late_to) filter (is_new_late) as taken_in_by
            from ledger
            group by source
        """,
        keys=("source", "taken_in_by"),
        # Held back on purpose (cleaning.days_late_allowed): somebody should know, and nothing is wrong.
        checks=[_too_late()],
    )


def _too_late() -> Check:
    return zero(
        "n_too_late",
        "events held back by cleaning.days_late_allowed; the backfill named takes them in",
        look="from raw.rejected_events where reason = 'too_late' limit 10",
        severity="warn",
        may_be_empty=True,
    )


PROBES = (files, rejects, new_rejects, late)
