-- Grain: session × local date. The part of a session that lies on one day: features at a snapshot add up the parts up to it, since the
-- whole of a session that crosses midnight is known only the day after.
{{ replaces_changed(since='activity_date') }}
with parts as (

    select
        events.session_id,
        events.person_id,
        events.event_date as activity_date,
        max(events.known_date) as known_date,
        min(case when not events.is_server_event then events.event_at end) as first_event_at,
        max(case when not events.is_server_event then events.event_at end) as last_event_at,
        sum(case when events.event_name in ('page_view', 'view_item') then 1 else 0 end) as n_views,
        sum(case when events.event_name = 'purchase' then 1 else 0 end) as n_purchases
    from {{ ref('fct_events') }} as events
    {{- only_changed('events', since='event_date') }}
    where events.session_id is not null and not events.is_bot
    group by events.session_id, events.person_id, events.event_date

),

measured as (

    select
        *,
        coalesce({{ seconds_between('first_event_at', 'last_event_at') }}, 0) as duration_s
    from parts

)

select
    session_id,
    person_id,
    activity_date,
    known_date,
    duration_s,
    duration_s >= 10 or n_views >= 2 or n_purchases > 0 as is_engaged
from measured
