-- Grain: person × local date × date the events became known × event name. The one base of everything counted per person and day.
select
    person_id,
    event_date as activity_date,
    known_date,
    event_name,
    count(*) as n_events,
    cast(sum(case when is_session_start then 1 else 0 end) as bigint) as n_sessions,
    cast(sum(
        case when device_type in ('mobile', 'phone', 'smartphone', 'tablet', 'ios', 'android') then 1 else 0 end
    ) as bigint) as n_mobile_events,
    min(event_at) as first_event_at,
    max(event_at) as last_event_at,
    {{ any_true('is_bot') }} as is_bot
from {{ ref('fct_events') }}
group by person_id, event_date, known_date, event_name
