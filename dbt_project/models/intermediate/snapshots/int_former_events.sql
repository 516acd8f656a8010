-- Grain: event × person it belonged to at some snapshot before as_of, and no longer does; bots left out. Columns as in fct_events. What was
-- known of a device before it logged in, for the features of that time.
with events as (

    select
        former.person_id,
        former.until_date,
        events.source,
        events.event_id,
        events.event_name,
        events.event_at,
        events.event_date,
        {{ known_date('events.event_date', 'events.received_at', 'former.since_date') }} as known_date,
        events.session_id,
        events.item_id,
        events.category,
        events.order_id,
        events.device_type,
        events.is_server_event,
        events.is_bot
    from {{ ref('fct_events') }} as events
    inner join {{ ref('int_former_persons') }} as former on events.anonymous_id = former.anonymous_id
    where events.user_id is null and not events.is_bot

)

select
    *,
    session_id is not null
    and row_number() over (partition by person_id, session_id order by event_at, event_id, source) = 1 as is_session_start
from events
where {{ spans_a_snapshot('known_date', 'until_date') }}
