-- Grain: person × local date × date the events became known × event name. The one base of everything counted per person and day.
{{ replaces_changed() }}
select
    events.person_id,
    events.event_date as activity_date,
    events.known_date,
    events.event_name,
    {{ event_day_measures('events') }}
from {{ ref('fct_events') }} as events
{{- only_changed('events', since='event_date') }}
where events.person_id is not null
group by events.person_id, events.event_date, events.known_date, events.event_name
