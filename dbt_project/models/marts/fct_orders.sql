-- Grain: order. All purchase events with one order_id are one order; a purchase without order_id is an order of its own.
-- Where two sources tell of one order (tracker and order log), one is believed, so that revenue counts once: the server's, else the
-- one that told of it first.
with purchases as (

    select
        *,
        coalesce(order_id, source || ':' || event_id) as order_key
    from {{ ref('fct_events') }}
    where event_name = 'purchase'

),

lines as (

    select
        *,
        row_number() over (partition by order_key, source order by event_at, event_id) as line
    from purchases

),

tellings as (

    select
        order_key,
        source,
        max(case when line = 1 then person_id end) as person_id,
        max(case when line = 1 then session_id end) as session_id,
        max(case when line = 1 then currency end) as currency,
        min(event_at) as ordered_at,
        max(case when line = 1 then event_date end) as order_date,
        max(known_date) as known_date,
        {{ stable_sum('coalesce(revenue, 0)') }} as revenue,
        {{ stable_sum('coalesce(quantity, 1)') }} as n_items,
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
        ) as telling,
        -- the order log rarely knows the session; the tracker does
        max(session_id) over (partition by order_key) as any_session_id
    from tellings

),

counted as (

    select
        *,
        row_number() over (partition by person_id order by ordered_at, order_key) as order_number,
        count(*) over (partition by person_id, order_date) as n_orders_that_day
    from believed
    where telling = 1

)

select
    order_key as order_id,
    source,
    person_id,
    coalesce(session_id, any_session_id) as session_id,
    ordered_at,
    order_date,
    known_date,
    revenue,
    currency,
    n_items,
    order_number,
    order_number = 1 as is_first_order,
    n_orders_that_day > {{ var('max_orders_per_day') }} as is_suspicious,
    case when n_orders_that_day > {{ var('max_orders_per_day') }} then 'too_many_orders_per_day' end as suspicion_reason,
    is_bot
from counted
