-- Grain: session × step that it reached before converting (before its first `paths.end`; all of its steps where it did not convert).
-- Bots left out. The base of drop-offs.
{{ replaces_changed() }}
with steps as (

    select
        events.session_id,
        events.person_id,
        {{ path_step('events.') }} as step,
        min(events.event_number) as first_event_number,
        min(events.event_at) as first_event_at
    from {{ ref('fct_events') }} as events
    {{- only_changed('events', since='event_at') }}
    where events.session_id is not null and not events.is_bot
    group by events.session_id, events.person_id, {{ path_step('events.') }}

),

with_conversion as (

    select
        *,
        min(first_event_at) over (partition by session_id) as started_at,
        min(case when step = {{ sql_string(var('paths').end) }} then first_event_number end) over (partition by session_id)
            as converted_event_number
    from steps

)

select
    session_id,
    person_id,
    started_at,
    step
from with_conversion
where converted_event_number is null or first_event_number < converted_event_number
