-- Grain: session × local date. The part of a session that lies on one day: features at a snapshot add up the parts up to it, since the
-- whole of a session that crosses midnight is known only the day after.
{{ replaces_changed() }}
with parts as (

    select
        events.session_id,
        events.person_id,
        events.event_date as activity_date,
        max(events.known_date) as known_date,
        {{ session_day_measures('events') }}
    from {{ ref('fct_events') }} as events
    {{- only_changed('events', since='event_date') }}
    where events.session_id is not null and not events.is_bot
    group by events.session_id, events.person_id, events.event_date

)

select
    session_id,
    person_id,
    activity_date,
    known_date,
    duration_s,
    {{ is_engaged('duration_s', 'n_views', 'n_purchases') }} as is_engaged
from parts
