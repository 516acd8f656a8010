-- Grain: event (source, event_id). Every accepted event up to as_of exactly once, with its person and session.
-- The wide rows come straight from the lake and meet the narrow table of sessions once: no filter here, the join leaves only what is
-- counted (with a filter DuckDB would take the wide side for the small one and build the hash table of it).
with events as (

    select
        files.file_number,
        lake_events.*
    from {{ ref('stg_lake_events') }} as lake_events
    inner join {{ ref('stg_files') }} as files on lake_events.file_id = files.file_id

),

sessionized as (

    select * from {{ ref('int_sessionized') }}

),

bots as (

    select person_id from {{ ref('int_bots') }}

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
    sessionized.event_date,
    events.received_at,
    {{ known_date('sessionized.event_date', 'events.received_at', 'links.linked_date') }} as known_date,
    sessionized.person_id,
    events.user_id,
    events.anonymous_id,
    sessionized.session_id,
    sessionized.event_number,
    sessionized.is_session_start,
    sessionized.is_session_end,
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
    bots.person_id is not null as is_bot,
    events.properties
from events
inner join sessionized on {{ row_key('events.file_number', 'events.line_number') }} = sessionized.row_key
left join bots on sessionized.person_id = bots.person_id
left join links on case when events.user_id is null then events.anonymous_id end = links.anonymous_id
