-- Events of loaded files up to as_of, one row per accepted line (copies of an event included).
-- The lake's values are typed and clean already; what is added is the calendar date in the site's timezone and the row's key.
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

dated as (

    select
        {{ row_key('loaded_files.file_number', 'events.line_number') }} as row_key,
        loaded_files.file_number,
        events.*,
        {{ local_date('events.event_at') }} as event_date
    from events
    inner join loaded_files on events.file_id = loaded_files.file_id
    -- said of the stored time and not of the date, so that whole files can be skipped
    where events.event_at < {{ as_of_end_utc() }}

)

select * from dated
