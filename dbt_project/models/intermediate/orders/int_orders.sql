-- Grain: order. All purchase events with one order_id are one order; a purchase without order_id is an order of its own.
-- An order in two sources (tracker and order log) is taken from one of them, so that revenue counts once: from the server, else from
-- the first.
with purchases as (

    select
        *,
        {{ order_key('order_id', 'source', 'event_id') }} as order_key
    from {{ ref('int_order_events') }}
    where event_name = 'purchase'

),

lines as (

    select
        *,
        row_number() over (partition by order_key, source order by event_at, event_id) as line
    from purchases

),

sources_of_order as (

    select
        order_key,
        source,
        max(case when line = 1 then person_id end) as person_id,
        max(case when line = 1 then session_id end) as session_id,
        max(case when line = 1 and not is_server_event then anonymous_id end) as anonymous_id,
        max(case when line = 1 then currency end) as currency,
        min(event_at) as ordered_at,
        max(case when line = 1 then event_date end) as order_date,
        max(known_date) as known_date,
        {{ stable_sum('coalesce(revenue, 0)') }} as revenue,
        {{ stable_sum('coalesce(quantity, 1)') }} as n_items,
        max(case when order_id is not null then 1 else 0 end) = 1 as has_order_id,
        {{ any_true('is_server_event') }} as is_server,
        {{ any_true('line = 1 and is_bot') }} as is_bot
    from lines
    group by order_key, source

),

believed as (

    select
        *,
        row_number() over (
            partition by order_key order by case when is_server then 0 else 1 end, ordered_at, source
        ) as source_rank,
        -- the order log rarely has the session and the device; the tracker does
        max(session_id) over (partition by order_key) as any_session_id,
        max(anonymous_id) over (partition by order_key) as any_anonymous_id
    from sources_of_order

)

select
    order_key as order_id,
    source,
    person_id,
    coalesce(session_id, any_session_id) as session_id,
    coalesce(anonymous_id, any_anonymous_id) as anonymous_id,
    ordered_at,
    order_date,
    known_date,
    revenue,
    currency,
    n_items,
    has_order_id,
    is_bot
from believed
where source_rank = 1
