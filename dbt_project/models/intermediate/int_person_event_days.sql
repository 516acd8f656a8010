-- Grain: person × local date × date the events became known × event name. The one base of everything counted per person and day.
{{ replaces_changed(since='activity_date') }}
select
    events.person_id,
    events.event_date as activity_date,
    events.known_date,
    events.event_name,
    count(*) as n_events,
    cast(sum(case when events.is_session_start then 1 else 0 end) as bigint) as n_sessions,
    cast(sum(
        case when events.device_type in ('mobile', 'phone', 'smartphone', 'tablet', 'ios', 'android') then 1 else 0 end
    ) as bigint) as n_mobile_events,
    min(events.event_at) as first_event_at,
    max(events.event_at) as last_event_at,
    {{ any_true('events.is_bot') }} as is_bot
from {{ ref('fct_events') }} as events
{{- only_changed('events', since='event_date') }}
group by events.person_id, events.event_date, events.known_date, events.event_name
