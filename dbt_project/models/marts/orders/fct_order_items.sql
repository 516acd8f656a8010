-- Grain: order × item. The items of each order, from the source that the order is taken from. Events without an item are left out.
with orders as (

    select
        order_id,
        source,
        person_id,
        order_date
    from {{ ref('int_orders') }}

),

purchases as (

    select *
    from {{ ref('int_order_lines') }}
    where event_name = 'purchase' and item_id is not null and not is_repeated

)

select
    orders.order_id,
    purchases.item_id,
    orders.person_id,
    orders.order_date,
    min(purchases.category) as category,
    {{ stable_sum('coalesce(purchases.quantity, 1)') }} as quantity,
    {{ stable_sum('coalesce(purchases.revenue, 0)') }} as revenue
from orders
inner join purchases on orders.order_id = purchases.order_key and orders.source = purchases.source
group by orders.order_id, purchases.item_id, orders.person_id, orders.order_date
