-- Grain: order × item. The items of each order, from the source that the order is taken from: what its purchase events name, or list where
-- they name none. Events without an item are left out.
with orders as (

    select
        order_id,
        source,
        person_id,
        order_date
    from {{ ref('int_orders') }}

),

lines as (

    select
        source,
        event_id,
        order_key,
        item_id,
        category,
        quantity,
        revenue
    from {{ ref('int_order_lines') }}
    where event_name = 'purchase' and not is_repeated

),

-- a discount on the whole order makes its items worth less than their prices
listed as (

    select
        lines.source,
        lines.order_key,
        items.item_id,
        items.category,
        items.quantity,
        items.revenue,
        lines.revenue as line_revenue,
        sum(items.revenue) over (partition by lines.source, lines.event_id) as listed_revenue
    from lines
    inner join {{ ref('fct_event_items') }} as items on lines.source = items.source and lines.event_id = items.event_id
    where lines.item_id is null and items.item_id is not null

),

purchases as (

    select
        source,
        order_key,
        item_id,
        category,
        quantity,
        revenue
    from lines
    where item_id is not null
    union all
    select
        source,
        order_key,
        item_id,
        category,
        quantity,
        case
            when listed_revenue > greatest(line_revenue, 0) then revenue * greatest(line_revenue, 0) / listed_revenue
            else revenue
        end as revenue
    from listed

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
