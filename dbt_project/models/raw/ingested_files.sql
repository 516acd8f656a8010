-- Bookkeeping closes the night, so it waits for the last gate.
-- depends_on: {{ ref('user_profiles') }}
-- Grain: ingested file. What became of every line: n_lines = n_loaded + n_duplicates + n_rejected for a loaded file.
-- Events that are held back since they came too late are among the rejected, and counted apart as well.
-- Lines that were erased or have expired are counted beside it: the others are of what remains.
-- A loaded event later than as_of waits in the lake for its day: n_after_as_of of the n_loaded are not in fct_events of this run.
with files as (

    select * from {{ ref('stg_files') }}

),

duplicates as (

    select
        file_id,
        count(*) as n_duplicates,
        sum(case when is_conflict then 1 else 0 end) as n_conflicts
    from {{ ref('int_duplicates') }}
    group by file_id

),

after_as_of as (

    select
        file_id,
        count(*) as n_after_as_of
    from {{ ref('stg_lake_events') }}
    where event_at >= {{ as_of_end_utc() }}
    group by file_id

)

select
    files.source,
    files.file,
    files.file_id,
    files.sha256,
    files.n_lines,
    cast(
        case when files.status = 'loaded' then files.n_accepted - coalesce(duplicates.n_duplicates, 0) else 0 end as bigint
    ) as n_loaded,
    cast(coalesce(duplicates.n_duplicates, 0) as bigint) as n_duplicates,
    cast(coalesce(duplicates.n_conflicts, 0) as bigint) as n_conflicts,
    files.n_rejected,
    cast(
        case
            when files.status <> 'loaded' then 0
            -- such a file is left for its day: a delta night does not read it
            when files.min_event_at >= {{ as_of_end_utc() }} then files.n_accepted
            else coalesce(after_as_of.n_after_as_of, 0)
        end as bigint
    ) as n_after_as_of,
    files.min_event_at,
    files.max_event_at,
    files.ingested_at,
    files.status,
    coalesce(files.n_erased, 0) as n_erased,
    coalesce(files.n_expired, 0) as n_expired,
    coalesce(files.n_too_late, 0) as n_too_late,
    files.too_late_from,
    files.too_late_to,
    files.late_before,
    files.days_taken_in
from files
left join duplicates on files.file_id = duplicates.file_id
left join after_as_of on files.file_id = after_as_of.file_id
