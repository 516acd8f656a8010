-- Grain: purchase or refund event. To which order each belongs, and which purchases only repeat a line that was reported before.
-- An order_id that one known user gives, in whatever source, is one order, and so are the purchases of unknown devices under it. Where
-- several known users give it, each has an order of their own; an unknown device's purchase is then of the one nearest in time.
with events as (

    select
        *,
        person_id not like 'anon:%' as is_known_person,
        {{ order_numbering('source') }} as numbering
    from {{ ref('int_order_events') }}

),

purchases as (

    select *
    from events
    where event_name = 'purchase' and order_id is not null

),

order_ids as (

    select
        numbering,
        order_id,
        count(distinct case when is_known_person then person_id end) as n_buyers,
        min(case when is_known_person then person_id end) as one_buyer
    from purchases
    group by numbering, order_id

),

buyers as (

    select
        purchases.numbering,
        purchases.order_id,
        purchases.person_id
    from purchases
    inner join order_ids on purchases.numbering = order_ids.numbering and purchases.order_id = order_ids.order_id
    where order_ids.n_buyers > 1 and purchases.is_known_person
    group by purchases.numbering, purchases.order_id, purchases.person_id

),

-- few: events of unknown devices under the order_id of several users
nearest as (

    select
        events.source,
        events.event_id,
        purchases.person_id,
        row_number() over (
            partition by events.source, events.event_id
            order by abs({{ seconds_between('purchases.event_at', 'events.event_at') }}), purchases.person_id
        ) as place
    from events
    inner join buyers on events.numbering = buyers.numbering and events.order_id = buyers.order_id
    inner join purchases
        on
            buyers.numbering = purchases.numbering
            and buyers.order_id = purchases.order_id
            and buyers.person_id = purchases.person_id
    where not events.is_known_person

),

owned as (

    select
        events.*,
        case
            when order_ids.n_buyers < 2 then order_ids.one_buyer
            else coalesce(buyers.person_id, nearest.person_id)
        end as buyer_id,
        coalesce(order_ids.n_buyers, 0) as n_buyers,
        order_ids.order_id is not null as is_of_known_id,
        case
            when events.numbering = '' then events.order_id
            else concat(events.numbering, ':', events.order_id)
        end as order_label
    from events
    left join order_ids on events.numbering = order_ids.numbering and events.order_id = order_ids.order_id
    left join buyers
        on
            events.numbering = buyers.numbering
            and events.order_id = buyers.order_id
            and events.person_id = buyers.person_id
    left join nearest on events.source = nearest.source and events.event_id = nearest.event_id and nearest.place = 1

),

keyed as (

    select
        *,
        case
            when event_name = 'purchase' and order_id is null then concat(source, ':', event_id)
            when is_of_known_id and n_buyers < 2 then order_label
            when buyer_id is not null then concat(buyer_id, ':', order_label)
        end as order_key
    from owned

)

select
    source,
    event_id,
    event_name,
    event_at,
    event_date,
    known_date,
    person_id,
    anonymous_id,
    session_id,
    order_key,
    order_id,
    order_label,
    buyer_id,
    cast(n_buyers as bigint) as n_buyers,
    item_id,
    category,
    price,
    quantity,
    revenue,
    currency,
    event_name = 'purchase' and order_id is not null and row_number() over (
        partition by event_name, order_key, source, item_id, coalesce(quantity, 1), revenue
        order by event_at, event_id
    ) > 1 as is_repeated,
    is_server_event,
    is_bot
from keyed
