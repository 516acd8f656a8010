-- Grain: session × former person × local date × date until which the events belonged to the person. What int_session_days counts, of the
-- events in int_former_events.
with parts as (

    select
        events.session_id,
        events.person_id,
        events.event_date as activity_date,
        events.until_date,
        max(events.known_date) as known_date,
        {{ session_day_measures('events') }}
    from {{ ref('int_former_events') }} as events
    where events.session_id is not null and not events.is_bot
    group by events.session_id, events.person_id, events.event_date, events.until_date

)

select
    session_id,
    person_id,
    activity_date,
    known_date,
    until_date,
    duration_s,
    {{ is_engaged('duration_s', 'n_views', 'n_purchases') }} as is_engaged
from parts
