-- Grain: order. What makes purchases one order is in int_order_lines.
-- An order in two sources (tracker and order log) is taken from one of them, so that revenue counts once: from the server, else from
-- the first.
with listed_items as (

    select
        source,
        event_id,
        sum(coalesce(quantity, 1)) as quantity
    from {{ ref('fct_event_items') }}
    where event_name = 'purchase' and item_id is not null
    group by source, event_id

),

-- an event that names no item may list several
purchases as (

    select
        reported.*,
        coalesce(reported.quantity, case when reported.item_id is null then listed_items.quantity end, 1) as n_items
    from {{ ref('int_order_lines') }} as reported
    left join listed_items on reported.source = listed_items.source and reported.event_id = listed_items.event_id
    where reported.event_name = 'purchase'

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
        max(order_id) as given_order_id,
        max(buyer_id) as buyer_id,
        max(n_buyers) as n_buyers,
        max(case when line = 1 then person_id end) as person_id,
        max(case when line = 1 then session_id end) as session_id,
        max(case when line = 1 and not is_server_event then anonymous_id end) as anonymous_id,
        max(case when line = 1 then currency end) as currency,
        min(event_at) as ordered_at,
        max(case when line = 1 then event_date end) as order_date,
        max(case when not is_repeated then known_date end) as known_date,
        min(case when person_id = buyer_id then known_date end) as buyer_known_date,
        {{ stable_sum('case when is_repeated then 0 else coalesce(revenue, 0) end') }} as revenue,
        {{ stable_sum('case when is_repeated then 0 else n_items end') }} as n_items,
        {{ any_true('is_server_event') }} as is_server,
        max(case when is_bot and person_id = buyer_id then 1 else 0 end) as is_buyer_bot,
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
        max(anonymous_id) over (partition by order_key) as any_anonymous_id,
        min(buyer_known_date) over (partition by order_key) as first_buyer_known_date,
        max(is_buyer_bot) over (partition by order_key) = 1 as is_any_buyer_bot
    from sources_of_order

)

select
    order_key as order_id,
    source,
    coalesce(buyer_id, person_id) as person_id,
    coalesce(session_id, any_session_id) as session_id,
    coalesce(anonymous_id, any_anonymous_id) as anonymous_id,
    ordered_at,
    order_date,
    greatest(known_date, coalesce(first_buyer_known_date, known_date)) as known_date,
    revenue,
    currency,
    n_items,
    given_order_id is not null as has_order_id,
    given_order_id,
    n_buyers,
    case when buyer_id is null then is_bot else is_any_buyer_bot end as is_bot
from believed
where source_rank = 1
