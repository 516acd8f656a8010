-- Events of loaded files up to as_of, one row per accepted line (copies of an event included); in a delta night those that the build does
-- not hold yet. The lake's values are typed and clean already; what is added is the date in the site's timezone and the row's key.
with events as (

    select * from {{ ref('stg_lake_events') }}

),

loaded_files as (

    select
        file_id,
        file_number
    from {{ ref('stg_files') }}
    where status = 'loaded'

),

{% if has_partial_files() -%}
built_lines as (

    select
        file_id,
        line_number
    from {{ source('previous', 'fct_events') }}
    where file_id in {{ partial_files() }}
    union all
    select
        file_id,
        line_number
    from {{ source('previous', 'int_duplicates') }}
    where file_id in {{ partial_files() }}

),

new_events as ( -- noqa: ST03

    select events.*
    from events
    left join built_lines on events.file_id = built_lines.file_id and events.line_number = built_lines.line_number
    where built_lines.file_id is null

),

{% endif -%}
dated as (

    select
        {{ row_key('loaded_files.file_number', 'events.line_number') }} as row_key,
        loaded_files.file_number,
        events.*,
        {{ local_date('events.event_at') }} as event_date
    from {{ 'new_events' if has_partial_files() else 'events' }} as events
    inner join loaded_files on events.file_id = loaded_files.file_id
    -- filtered by the stored time and not by the date, so that whole files can be skipped
    where events.event_at < {{ as_of_end_utc() }}

)

select * from dated
