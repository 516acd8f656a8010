-- Grain: refund event. The refunded amount, and what it reduces: its order, or its person where the order is not known. Refunds of one
-- order in two sources are taken from one, as for the order itself: from the server, else from the first.
with refunds as (

    select
        *,
        -- of an order that is not known, another user's refund is another refund
        coalesce(order_key, concat(person_id, ':', order_label)) as refund_key,
        abs(coalesce(revenue, price * coalesce(quantity, 1))) as given_amount
    from {{ ref('int_order_lines') }}
    where event_name = 'refund'

),

sources_of_order as (

    select
        refund_key,
        source,
        row_number() over (
            partition by refund_key order by max(case when is_server_event then 0 else 1 end), min(event_at), source
        ) as source_rank
    from refunds
    where order_id is not null
    group by refund_key, source

),

orders as (

    select
        order_id,
        revenue
    from {{ ref('int_orders') }}

),

items as (

    select
        order_id,
        item_id,
        revenue,
        quantity
    from {{ ref('fct_order_items') }}

),

matched as (

    select
        refunds.*,
        orders.order_id is not null as has_order,
        refunds.order_id is null or sources_of_order.source_rank = 1 as is_counted,
        -- an order may be worth less than nothing, as a wrong total; a refund of it is not
        case when orders.revenue < 0 then 0 else orders.revenue end as order_revenue,
        items.item_id is not null as is_of_item,
        case when items.revenue < 0 then 0 else items.revenue end as item_revenue,
        -- without a quantity, all of the item came back
        case when items.quantity > 0 then coalesce(abs(refunds.quantity), items.quantity) / items.quantity end as item_share
    from refunds
    left join orders on refunds.order_key = orders.order_id
    left join items on refunds.order_key = items.order_id and refunds.item_id = items.item_id
    left join sources_of_order on refunds.refund_key = sources_of_order.refund_key and refunds.source = sources_of_order.source

)

select
    source,
    event_id,
    coalesce(order_key, order_id) as order_id,
    item_id,
    person_id,
    event_at as refunded_at,
    event_date as refund_date,
    known_date,
    cast(case
        when given_amount is not null then given_amount
        when is_of_item then item_revenue * case when item_share > 1 then 1 else coalesce(item_share, 1) end
        when has_order and item_id is not null then 0
        else order_revenue
    end as double) as amount,
    case
        when given_amount is not null then 'told'
        when is_of_item then 'item'
        when has_order and item_id is not null then 'unknown_item'
        when has_order then 'whole_order'
        else 'unknown_order'
    end as amount_basis,
    has_order,
    is_counted,
    is_bot
from matched
