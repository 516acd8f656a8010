-- Grain: event (source, event_id). Every accepted event up to as_of exactly once, with its person and session.
with events as (

    select * from {{ ref('stg_events') }}

),

sessionized as (

    select * from {{ ref('int_sessionized') }}

)

select
    events.event_id,
    events.source,
    events.event_name,
    events.event_at,
    events.event_date,
    events.received_at,
    sessionized.person_id,
    events.user_id,
    events.anonymous_id,
    sessionized.session_id,
    sessionized.event_number,
    sessionized.is_session_start,
    sessionized.is_session_end,
    sessionized.next_event_name,
    sessionized.next_gap_s,
    events.item_id,
    events.category,
    events.price,
    events.quantity,
    events.revenue,
    events.currency,
    events.order_id,
    events.search_term,
    events.page_url,
    events.page_path,
    events.referrer,
    events.utm_source,
    events.utm_medium,
    events.utm_campaign,
    events.device_type,
    events.duration_s,
    sessionized.is_server as is_server_event,
    sessionized.is_bot,
    events.properties
from events
inner join sessionized on events.row_key = sessionized.row_key
