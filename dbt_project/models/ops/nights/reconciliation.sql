-- Bookkeeping closes the night, so it waits for the last gate.
-- depends_on: {{ ref('user_profiles') }}
{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key='run_id', on_schema_change='append_new_columns'
) }}
-- Grain: run × source. No accepted event is lost and none is counted twice: the lines of the loaded files against the rows of
-- fct_events. The two sides are counted apart: the lines by the ingest, the rows in the finished table.
with files as (

    select
        source,
        sum(n_lines) as n_lines,
        sum(n_loaded) as n_loaded,
        sum(n_duplicates) as n_duplicates,
        sum(n_rejected) as n_rejected,
        sum(n_after_as_of) as n_after_as_of,
        sum(n_erased) as n_erased,
        sum(n_expired) as n_expired,
        sum(n_too_late) as n_too_late
    from {{ ref('ingested_files') }}
    where status in ('loaded', 'expired')
    group by source

),

events as (

    select
        source,
        count(*) as n_events
    from {{ ref('fct_events') }}
    group by source

),

compared as (

    select
        coalesce(files.source, events.source) as source,
        cast(coalesce(files.n_lines, 0) as bigint) as n_lines,
        cast(coalesce(files.n_loaded, 0) as bigint) as n_loaded,
        cast(coalesce(files.n_duplicates, 0) as bigint) as n_duplicates,
        cast(coalesce(files.n_rejected, 0) as bigint) as n_rejected,
        cast(coalesce(files.n_after_as_of, 0) as bigint) as n_after_as_of,
        cast(coalesce(files.n_erased, 0) as bigint) as n_erased,
        cast(coalesce(files.n_expired, 0) as bigint) as n_expired,
        cast(coalesce(files.n_too_late, 0) as bigint) as n_too_late,
        cast(coalesce(events.n_events, 0) as bigint) as n_events
    from files
    full outer join events on files.source = events.source

)

select
    '{{ var("run_id") }}' as run_id,
    {{ as_of_date() }} as as_of_date,
    source,
    n_lines,
    n_loaded,
    n_duplicates,
    n_rejected,
    n_after_as_of,
    n_events,
    n_lines = n_loaded + n_duplicates + n_rejected and n_loaded = n_events + n_after_as_of as is_balanced,
    n_erased,
    n_expired,
    n_too_late
from compared
{%- if not is_incremental() %}
{#- Rebuilt, as after a full refresh: earlier runs come from the copy that each night keeps. #}
union all
select *
from (
    {{ parquet_history(var('reconciliation_history'), {
        'run_id': 'string',
        'as_of_date': 'date',
        'source': 'string',
        'n_lines': 'bigint',
        'n_loaded': 'bigint',
        'n_duplicates': 'bigint',
        'n_rejected': 'bigint',
        'n_after_as_of': 'bigint',
        'n_events': 'bigint',
        'is_balanced': 'boolean',
        'n_erased': 'bigint',
        'n_expired': 'bigint',
        'n_too_late': 'bigint'
    }) }}
) as earlier
where run_id <> '{{ var("run_id") }}'
{%- endif %}
