-- Grain: person × local date × date the events became known × date until which they belonged to the person × event name. What
-- int_person_event_days counts, of the events in int_former_events.
select
    events.person_id,
    events.event_date as activity_date,
    events.known_date,
    events.until_date,
    events.event_name,
    {{ event_day_measures('events') }}
from {{ ref('int_former_events') }} as events
group by events.person_id, events.event_date, events.known_date, events.until_date, events.event_name
