-- Grain: event (source, event_id). Every accepted event up to as_of exactly once, with its person and session.
with events as (

    select * from {{ ref('stg_events') }}

),

sessionized as (

    select * from {{ ref('int_sessionized') }}

),

-- anonymous events are known to be a person's only from that person's first log-in on the device
links as (

    select
        anonymous_id,
        {{ local_date('linked_at') }} as linked_date
    from {{ ref('int_identities') }}
    where linked_at is not null

)

select
    events.event_id,
    events.source,
    events.event_name,
    events.event_at,
    events.event_date,
    events.received_at,
    {{ known_date('events.event_date', 'events.received_at', 'links.linked_date') }} as known_date,
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
left join links on case when events.user_id is null then events.anonymous_id end = links.anonymous_id
